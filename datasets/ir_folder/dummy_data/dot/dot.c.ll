define double @dot(ptr %x, ptr %y, i64 %n) {
entry:
  %any = icmp eq i64 %n, 0
  br i1 %any, label %exit, label %body

body:
  %i = phi i64 [ %next, %body ], [ 0, %entry ]
  %sum = phi double [ %more, %body ], [ 0.000000e+00, %entry ]
  %px = getelementptr inbounds double, ptr %x, i64 %i
  %vx = load double, ptr %px, align 8
  %py = getelementptr inbounds double, ptr %y, i64 %i
  %vy = load double, ptr %py, align 8
  %product = fmul double %vx, %vy
  %more = fadd double %sum, %product
  %next = add nuw i64 %i, 1
  %done = icmp eq i64 %next, %n
  br i1 %done, label %exit, label %body

exit:
  %result = phi double [ 0.000000e+00, %entry ], [ %more, %body ]
  ret double %result
}
