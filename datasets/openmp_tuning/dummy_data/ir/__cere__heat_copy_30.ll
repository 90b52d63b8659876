define internal void @.omp_outlined..1(ptr %global, ptr %bound, ptr %x) {
entry:
  %i = load i64, ptr %bound
  %p = getelementptr double, ptr %x, i64 %i
  %a = load double, ptr %p
  %b = fadd double %a, 0.0
  store double %b, ptr %p
  ret void
}
