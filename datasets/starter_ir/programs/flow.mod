!mod$ v1 sum:4f473352f26bfe7f
module flow
contains
subroutine diffuse(nx,ny,u,next,rate)
integer(4),intent(in)::nx
integer(4),intent(in)::ny
real(4),intent(in)::u(0_8:int(nx+1_4,kind=8),0_8:int(ny+1_4,kind=8))
real(4),intent(out)::next(0_8:int(nx+1_4,kind=8),0_8:int(ny+1_4,kind=8))
real(4),intent(in)::rate
end
subroutine exchange(nx,ny,u,periodic)
integer(4),intent(in)::nx
integer(4),intent(in)::ny
real(4),intent(inout)::u(0_8:int(nx+1_4,kind=8),0_8:int(ny+1_4,kind=8))
logical(4),intent(in)::periodic
end
elemental function limiter(a,b,kind_of)
real(8),intent(in)::a
real(8),intent(in)::b
integer(4),intent(in)::kind_of
real(8)::limiter
end
subroutine advect(n,u,speed,step,width,kind_of)
integer(4),intent(in)::n
real(8),intent(inout)::u(-1_8:int(n+2_4,kind=8))
real(8),intent(in)::speed
real(8),intent(in)::step
real(8),intent(in)::width
integer(4),intent(in)::kind_of
end
subroutine masked_jacobi(u,wet,sweeps,change)
real(8),intent(inout)::u(:,:)
logical(4),intent(in)::wet(:,:)
integer(4),intent(in)::sweeps
real(8),intent(out)::change
end
subroutine smooth_levels(field,levels)
integer(4),intent(in)::levels
real(4),intent(inout)::field(1_8:64_8,1_8:64_8,1_8:int(levels,kind=8))
end
end
