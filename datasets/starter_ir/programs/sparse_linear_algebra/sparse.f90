! Sparse matrices as derived types: products, tridiagonal systems, a solver.
module sparse
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64
  implicit none

  type :: csr
    integer(int32) :: rows
    integer(int32), allocatable :: starts(:), columns(:)
    real(real64), allocatable :: values(:)
  contains
    procedure :: multiply
    procedure :: diagonal
  end type csr

contains

  subroutine multiply(self, x, y)
    class(csr), intent(in) :: self
    real(real64), intent(in) :: x(:)
    real(real64), intent(out) :: y(:)
    integer(int32) :: i, k
    do i = 1, self%rows
      y(i) = 0.0_real64
      do k = self%starts(i), self%starts(i + 1) - 1
        y(i) = y(i) + self%values(k) * x(self%columns(k))
      end do
    end do
  end subroutine multiply

  function diagonal(self) result(d)
    class(csr), intent(in) :: self
    real(real64) :: d(self%rows)
    integer(int32) :: i, k
    d = 1.0_real64
    rows: do i = 1, self%rows
      do k = self%starts(i), self%starts(i + 1) - 1
        if (self%columns(k) == i) then
          d(i) = self%values(k)
          cycle rows
        end if
      end do
    end do rows
  end function diagonal

  subroutine laplacian(n, a)
    integer(int32), intent(in) :: n
    type(csr), intent(out) :: a
    integer(int32) :: i, k
    a%rows = n
    allocate (a%starts(n + 1), a%columns(3 * n), a%values(3 * n))
    k = 1
    do i = 1, n
      a%starts(i) = k
      if (i > 1) then
        a%columns(k) = i - 1
        a%values(k) = -1.0_real64
        k = k + 1
      end if
      a%columns(k) = i
      a%values(k) = 2.0_real64
      k = k + 1
      if (i < n) then
        a%columns(k) = i + 1
        a%values(k) = -1.0_real64
        k = k + 1
      end if
    end do
    a%starts(n + 1) = k
  end subroutine laplacian

  subroutine solve(a, b, x, tolerance, steps)
    type(csr), intent(in) :: a
    real(real64), intent(in) :: b(:), tolerance
    real(real64), intent(inout) :: x(:)
    integer, intent(inout) :: steps
    real(real64), dimension(size(b)) :: r, z, p, q, d
    real(real64) :: rho, next, alpha
    integer :: step, limit
    limit = steps
    d = a%diagonal()
    call a%multiply(x, q)
    r = b - q
    z = r / d
    p = z
    rho = dot_product(r, z)
    steps = -1
    do step = 1, limit
      call a%multiply(p, q)
      alpha = rho / dot_product(p, q)
      x = x + alpha * p
      r = r - alpha * q
      if (norm2(r) < tolerance * norm2(b)) then
        steps = step
        exit
      end if
      z = r / d
      next = dot_product(r, z)
      p = z + (next / rho) * p
      rho = next
    end do
  end subroutine solve

  subroutine tridiagonal(n, lower, main, upper, b)
    integer, intent(in) :: n
    real, intent(in) :: lower(2:n), upper(n - 1)
    real, intent(inout) :: main(n), b(n)
    integer :: i
    real :: factor
    do i = 2, n
      factor = lower(i) / main(i - 1)
      main(i) = main(i) - factor * upper(i - 1)
      b(i) = b(i) - factor * b(i - 1)
    end do
    b(n) = b(n) / main(n)
    do i = n - 1, 1, -1
      b(i) = (b(i) - upper(i) * b(i + 1)) / main(i)
    end do
  end subroutine tridiagonal

  pure integer(int64) function bandwidth(a)
    type(csr), intent(in) :: a
    integer(int32) :: i
    bandwidth = 0
    do i = 1, a%rows
      associate (row => a%columns(a%starts(i):a%starts(i + 1) - 1))
        if (size(row) > 0) bandwidth = max(bandwidth, &
          int(maxval(abs(row - i)), int64))
      end associate
    end do
  end function bandwidth
end module sparse
