!mod$ v1 sum:540d406d971c15be
module factor
integer(4),parameter::wp=8_4
intrinsic::kind
interface norm
procedure::norm_single
procedure::norm_double
end interface
contains
pure function norm_single(x)
real(4),intent(in)::x(:)
real(4)::norm_single
end
pure function norm_double(x)
real(8),intent(in)::x(:)
real(8)::norm_double
end
subroutine multiply(a,b,c)
real(8),intent(in)::a(:,:)
real(8),intent(in)::b(:,:)
real(8),intent(out)::c(:,:)
end
subroutine gram_schmidt(a,r)
real(8),intent(inout)::a(:,:)
real(8),intent(out)::r(:,:)
end
subroutine eliminate(n,a,b,info)
integer(4),intent(in)::n
real(8),intent(inout)::a(1_8:int(n,kind=8),1_8:int(n,kind=8))
real(8),intent(inout)::b(1_8:int(n,kind=8))
integer(4),intent(out)::info
end
subroutine cholesky(a,ok)
real(4),intent(inout)::a(:,:)
logical(4),intent(out)::ok
end
recursive function determinant(n,a) result(value)
integer(4),intent(in)::n
real(8),intent(in)::a(1_8:int(n,kind=8),1_8:int(n,kind=8))
real(8)::value
end
end
