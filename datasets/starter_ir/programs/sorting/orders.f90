! Sorting, searching, scans and strings on assumed-shape arrays.
module orders
  implicit none

contains

  recursive subroutine quick(values)
    real, intent(inout) :: values(:)
    real :: pivot, kept
    integer :: i, j
    if (size(values) < 2) return
    pivot = values((size(values) + 1) / 2)
    i = 1
    j = size(values)
    do
      do while (values(i) < pivot)
        i = i + 1
      end do
      do while (values(j) > pivot)
        j = j - 1
      end do
      if (i <= j) then
        kept = values(i)
        values(i) = values(j)
        values(j) = kept
        i = i + 1
        j = j - 1
      end if
      if (i > j) exit
    end do
    call quick(values(:j))
    call quick(values(i:))
  end subroutine quick

  subroutine merge_index(keys, order)
    integer, intent(in) :: keys(:)
    integer, intent(out) :: order(:)
    integer :: scratch(size(order)), width, low, middle, high, i, j, k
    order = [(i, i=1, size(order))]
    width = 1
    do while (width < size(order))
      do low = 1, size(order), 2 * width
        middle = min(low + width, size(order) + 1)
        high = min(low + 2 * width, size(order) + 1)
        i = low
        j = middle
        do k = low, high - 1
          if (j >= high) then
            scratch(k) = order(i)
            i = i + 1
          else if (i < middle) then
            if (keys(order(i)) <= keys(order(j))) then
              scratch(k) = order(i)
              i = i + 1
            else
              scratch(k) = order(j)
              j = j + 1
            end if
          else
            scratch(k) = order(j)
            j = j + 1
          end if
        end do
      end do
      order = scratch
      width = 2 * width
    end do
  end subroutine merge_index

  pure integer function place_of(values, wanted) result(low)
    real(8), intent(in) :: values(:), wanted
    integer :: high, middle
    low = 1
    high = size(values) + 1
    do while (low < high)
      middle = (low + high) / 2
      if (values(middle) < wanted) then
        low = middle + 1
      else
        high = middle
      end if
    end do
  end function place_of

  subroutine histogram(values, low, high, bins, outside)
    real(8), intent(in) :: values(:), low, high
    integer, intent(out) :: bins(:), outside
    integer :: i, bin
    bins = 0
    do i = 1, size(values)
      if (values(i) < low .or. values(i) >= high) cycle
      bin = 1 + int((values(i) - low) / (high - low) * size(bins))
      bins(min(bin, size(bins))) = bins(min(bin, size(bins))) + 1
    end do
    outside = size(values) - sum(bins)
  end subroutine histogram

  subroutine running_mean(values, means, window)
    real, intent(in) :: values(:)
    real, intent(out) :: means(:)
    integer, intent(in) :: window
    real :: total
    integer :: i
    total = sum(values(1:window))
    means(1) = total / window
    do i = window + 1, size(values)
      total = total + values(i) - values(i - window)
      means(i - window + 1) = total / window
    end do
  end subroutine running_mean

  pure function upper_case(text) result(shouted)
    character(len=*), intent(in) :: text
    character(len=len(text)) :: shouted
    integer :: i, code
    do i = 1, len(text)
      code = iachar(text(i:i))
      if (code >= iachar('a') .and. code <= iachar('z')) code = code - 32
      shouted(i:i) = achar(code)
    end do
  end function upper_case

  integer function count_words(text) result(words)
    character(len=*), intent(in) :: text
    logical :: inside
    integer :: i
    words = 0
    inside = .false.
    do i = 1, len_trim(text)
      select case (text(i:i))
      case (' ', ',', ';')
        inside = .false.
      case default
        if (.not. inside) words = words + 1
        inside = .true.
      end select
    end do
  end function count_words

  subroutine sieve(limit, is_prime, primes)
    integer, intent(in) :: limit
    logical(1), intent(out) :: is_prime(limit)
    integer, intent(out) :: primes
    integer :: i
    is_prime = .true.
    is_prime(1) = .false.
    do i = 2, int(sqrt(real(limit)))
      if (is_prime(i)) is_prime(i * i:limit:i) = .false.
    end do
    primes = count(is_prime)
  end subroutine sieve
end module orders
