! Grid loops: diffusion, advection with limiters, Jacobi with a mask.
module flow
  implicit none

contains

  subroutine diffuse(nx, ny, u, next, rate)
    integer, intent(in) :: nx, ny
    real, intent(in) :: u(0:nx + 1, 0:ny + 1), rate
    real, intent(out) :: next(0:nx + 1, 0:ny + 1)
    integer :: i, j
    do j = 1, ny
      do i = 1, nx
        next(i, j) = u(i, j) + rate * (u(i - 1, j) + u(i + 1, j) &
          + u(i, j - 1) + u(i, j + 1) - 4.0 * u(i, j))
      end do
    end do
  end subroutine diffuse

  subroutine exchange(nx, ny, u, periodic)
    integer, intent(in) :: nx, ny
    logical, intent(in) :: periodic
    real, intent(inout) :: u(0:nx + 1, 0:ny + 1)
    if (periodic) then
      u(0, :) = u(nx, :)
      u(nx + 1, :) = u(1, :)
      u(:, 0) = u(:, ny)
      u(:, ny + 1) = u(:, 1)
    else
      u(0, :) = u(1, :)
      u(nx + 1, :) = u(nx, :)
      u(:, 0) = u(:, 1)
      u(:, ny + 1) = u(:, ny)
    end if
  end subroutine exchange

  elemental real(8) function limiter(a, b, kind_of)
    real(8), intent(in) :: a, b
    integer, intent(in) :: kind_of
    limiter = 0.0d0
    if (a * b <= 0.0d0) return
    select case (kind_of)
    case (1)
      limiter = sign(min(abs(a), abs(b)), a)
    case (2)
      limiter = 2.0d0 * a * b / (a + b)
    case (3)
      limiter = sign(max(min(2.0d0 * abs(a), abs(b)), &
        min(abs(a), 2.0d0 * abs(b))), a)
    case default
      limiter = 0.5d0 * (a + b)
    end select
  end function limiter

  subroutine advect(n, u, speed, step, width, kind_of)
    integer, intent(in) :: n, kind_of
    real(8), intent(inout) :: u(-1:n + 2)
    real(8), intent(in) :: speed, step, width
    real(8) :: flux(0:n), slope, courant
    integer :: i
    courant = speed * step / width
    do i = 0, n
      if (speed > 0.0d0) then
        slope = limiter(u(i) - u(i - 1), u(i + 1) - u(i), kind_of)
        flux(i) = speed * (u(i) + 0.5d0 * (1.0d0 - courant) * slope)
      else
        slope = limiter(u(i + 1) - u(i), u(i + 2) - u(i + 1), kind_of)
        flux(i) = speed * (u(i + 1) - 0.5d0 * (1.0d0 + courant) * slope)
      end if
    end do
    u(1:n) = u(1:n) - step / width * (flux(1:n) - flux(0:n - 1))
  end subroutine advect

  subroutine masked_jacobi(u, wet, sweeps, change)
    real(8), intent(inout) :: u(:, :)
    logical, intent(in) :: wet(:, :)
    integer, intent(in) :: sweeps
    real(8), intent(out) :: change
    real(8), allocatable :: next(:, :)
    integer :: s, nx, ny
    nx = size(u, 1)
    ny = size(u, 2)
    allocate (next(nx, ny))
    change = 0.0d0
    do s = 1, sweeps
      next = u
      where (wet(2:nx - 1, 2:ny - 1))
        next(2:nx - 1, 2:ny - 1) = 0.25d0 * (u(1:nx - 2, 2:ny - 1) &
          + u(3:nx, 2:ny - 1) + u(2:nx - 1, 1:ny - 2) + u(2:nx - 1, 3:ny))
      end where
      change = maxval(abs(next - u))
      u = next
      if (change < 1.0d-9) exit
    end do
    deallocate (next)
  end subroutine masked_jacobi

  subroutine smooth_levels(field, levels)
    integer, intent(in) :: levels
    real, intent(inout) :: field(64, 64, levels)
    integer :: i, j, k
    do concurrent(k=1:levels)
      do j = 2, 63
        do i = 2, 63
          field(i, j, k) = 0.5 * field(i, j, k) &
            + 0.25 * (field(i - 1, j, k) + field(i, j - 1, k))
        end do
      end do
    end do
  end subroutine smooth_levels
end module flow
