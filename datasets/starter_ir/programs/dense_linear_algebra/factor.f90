! Dense kernels with array syntax: products, elimination, Gram-Schmidt.
module factor
  implicit none
  integer, parameter :: wp = kind(1.0d0)

  interface norm
    module procedure norm_single, norm_double
  end interface norm

contains

  pure real function norm_single(x)
    real, intent(in) :: x(:)
    norm_single = sqrt(sum(x * x))
  end function norm_single

  pure real(wp) function norm_double(x)
    real(wp), intent(in) :: x(:)
    norm_double = sqrt(sum(x * x))
  end function norm_double

  subroutine multiply(a, b, c)
    real(wp), intent(in) :: a(:, :), b(:, :)
    real(wp), intent(out) :: c(:, :)
    integer :: j, k
    c = 0.0_wp
    do j = 1, size(b, 2)
      do k = 1, size(a, 2)
        c(:, j) = c(:, j) + a(:, k) * b(k, j)
      end do
    end do
  end subroutine multiply

  subroutine gram_schmidt(a, r)
    real(wp), intent(inout) :: a(:, :)
    real(wp), intent(out) :: r(:, :)
    integer :: j, k
    r = 0.0_wp
    do k = 1, size(a, 2)
      r(k, k) = norm(a(:, k))
      if (r(k, k) > tiny(1.0_wp)) a(:, k) = a(:, k) / r(k, k)
      do j = k + 1, size(a, 2)
        r(k, j) = dot_product(a(:, k), a(:, j))
        a(:, j) = a(:, j) - r(k, j) * a(:, k)
      end do
    end do
  end subroutine gram_schmidt

  subroutine eliminate(n, a, b, info)
    integer, intent(in) :: n
    real(wp), intent(inout) :: a(n, n), b(n)
    integer, intent(out) :: info
    integer :: i, k, p
    real(wp) :: factor_ik, kept
    info = 0
    do k = 1, n
      p = k
      do i = k + 1, n
        if (abs(a(i, k)) > abs(a(p, k))) p = i
      end do
      if (a(p, k) == 0.0_wp) then
        info = k
        return
      end if
      if (p /= k) then
        do i = k, n
          kept = a(k, i)
          a(k, i) = a(p, i)
          a(p, i) = kept
        end do
        kept = b(k)
        b(k) = b(p)
        b(p) = kept
      end if
      do i = k + 1, n
        factor_ik = a(i, k) / a(k, k)
        a(i, k + 1:n) = a(i, k + 1:n) - factor_ik * a(k, k + 1:n)
        b(i) = b(i) - factor_ik * b(k)
      end do
    end do
    do i = n, 1, -1
      b(i) = (b(i) - dot_product(a(i, i + 1:n), b(i + 1:n))) / a(i, i)
    end do
  end subroutine eliminate

  subroutine cholesky(a, ok)
    real, intent(inout) :: a(:, :)
    logical, intent(out) :: ok
    integer :: j, n
    n = size(a, 1)
    ok = .true.
    do j = 1, n
      a(j, j) = a(j, j) - sum(a(j, 1:j - 1)**2)
      ok = ok .and. a(j, j) > 0.0
      if (.not. ok) return
      a(j, j) = sqrt(a(j, j))
      if (j < n) then
        a(j + 1:n, j) = &
          (a(j + 1:n, j) - matmul(a(j + 1:n, 1:j - 1), a(j, 1:j - 1))) / a(j, j)
      end if
    end do
  end subroutine cholesky

  recursive function determinant(n, a) result(value)
    integer, intent(in) :: n
    real(wp), intent(in) :: a(n, n)
    real(wp) :: value, minor(n - 1, n - 1), sign
    integer :: j
    if (n == 1) then
      value = a(1, 1)
      return
    end if
    value = 0.0_wp
    sign = 1.0_wp
    do j = 1, n
      minor(:, 1:j - 1) = a(2:n, 1:j - 1)
      minor(:, j:n - 1) = a(2:n, j + 1:n)
      value = value + sign * a(1, j) * determinant(n - 1, minor)
      sign = -sign
    end do
  end function determinant
end module factor
