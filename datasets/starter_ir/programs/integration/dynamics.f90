! Integrators over derived types and procedure arguments; random sampling.
module dynamics
  implicit none
  integer, parameter :: dp = selected_real_kind(15)

  type :: particle
    real(dp) :: place(3), velocity(3), mass
    logical :: is_fixed
  end type particle

  abstract interface
    function slope(t, y) result(dy)
      import :: dp
      real(dp), intent(in) :: t, y(:)
      real(dp) :: dy(size(y))
    end function slope

    pure real(dp) function scalar(x)
      import :: dp
      real(dp), intent(in) :: x
    end function scalar
  end interface

contains

  subroutine runge_kutta(f, t, y, h)
    procedure(slope) :: f
    real(dp), intent(inout) :: t, y(:)
    real(dp), intent(in) :: h
    real(dp), dimension(size(y)) :: k1, k2, k3, k4
    k1 = f(t, y)
    k2 = f(t + 0.5_dp * h, y + 0.5_dp * h * k1)
    k3 = f(t + 0.5_dp * h, y + 0.5_dp * h * k2)
    k4 = f(t + h, y + h * k3)
    y = y + h / 6.0_dp * (k1 + 2.0_dp * (k2 + k3) + k4)
    t = t + h
  end subroutine runge_kutta

  function predator_prey(t, y) result(dy)
    real(dp), intent(in) :: t, y(:)
    real(dp) :: dy(size(y))
    dy(1) = y(1) * (1.1_dp - 0.4_dp * y(2)) + 0.0_dp * t
    dy(2) = y(2) * (0.1_dp * y(1) - 0.4_dp)
  end function predator_prey

  subroutine run(steps, h, y, peak)
    integer, intent(in) :: steps
    real(dp), intent(in) :: h
    real(dp), intent(inout) :: y(2)
    real(dp), intent(out) :: peak
    real(dp) :: t
    integer :: i
    t = 0.0_dp
    peak = y(1)
    do i = 1, steps
      call runge_kutta(predator_prey, t, y, h)
      peak = max(peak, y(1))
    end do
  end subroutine run

  pure subroutine pair_forces(particles, forces)
    type(particle), intent(in) :: particles(:)
    real(dp), intent(out) :: forces(3, size(particles))
    real(dp) :: gap(3), square
    integer :: i, j
    forces = 0.0_dp
    do i = 1, size(particles)
      do j = 1, i - 1
        gap = particles(j)%place - particles(i)%place
        square = sum(gap**2) + 1.0e-6_dp
        gap = gap * particles(i)%mass * particles(j)%mass / square**1.5_dp
        forces(:, i) = forces(:, i) + gap
        forces(:, j) = forces(:, j) - gap
      end do
    end do
  end subroutine pair_forces

  subroutine verlet(particles, h, energy)
    type(particle), intent(inout) :: particles(:)
    real(dp), intent(in) :: h
    real(dp), intent(out) :: energy
    real(dp) :: forces(3, size(particles))
    integer :: i
    call pair_forces(particles, forces)
    energy = 0.0_dp
    do i = 1, size(particles)
      if (particles(i)%is_fixed) cycle
      associate (p => particles(i))
        p%velocity = p%velocity + h * forces(:, i) / p%mass
        p%place = p%place + h * p%velocity
        energy = energy + 0.5_dp * p%mass * dot_product(p%velocity, p%velocity)
      end associate
    end do
  end subroutine verlet

  recursive real(dp) function adaptive(f, a, b, tolerance) result(area)
    procedure(scalar) :: f
    real(dp), intent(in) :: a, b, tolerance
    real(dp) :: m, whole, halves
    m = 0.5_dp * (a + b)
    whole = (b - a) / 6.0_dp * (f(a) + 4.0_dp * f(m) + f(b))
    halves = (b - a) / 12.0_dp * (f(a) + 4.0_dp * f(0.5_dp * (a + m)) &
      + 2.0_dp * f(m) + 4.0_dp * f(0.5_dp * (m + b)) + f(b))
    if (abs(whole - halves) < 15.0_dp * tolerance .or. b - a < 1.0e-9_dp) then
      area = halves + (halves - whole) / 15.0_dp
    else
      area = adaptive(f, a, m, 0.5_dp * tolerance) &
        + adaptive(f, m, b, 0.5_dp * tolerance)
    end if
  end function adaptive

  real function ball_volume(samples, dimensions) result(volume)
    integer, intent(in) :: samples, dimensions
    real :: point(dimensions)
    integer :: i, inside
    inside = 0
    do i = 1, samples
      call random_number(point)
      if (sum((2.0 * point - 1.0)**2) <= 1.0) inside = inside + 1
    end do
    volume = 2.0**dimensions * real(inside) / real(samples)
  end function ball_volume
end module dynamics
