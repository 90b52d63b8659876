define void @saxpy(i32 %n, float %a, ptr nocapture readonly %x, ptr nocapture %y) local_unnamed_addr #0 {
entry:
  %any = icmp sgt i32 %n, 0
  br i1 %any, label %head, label %exit

head:
  %count = zext i32 %n to i64
  br label %body

body:
  %i = phi i64 [ 0, %head ], [ %next, %body ]
  %px = getelementptr inbounds float, ptr %x, i64 %i
  %vx = load float, ptr %px, align 4
  %py = getelementptr inbounds float, ptr %y, i64 %i
  %vy = load float, ptr %py, align 4
  %r = tail call float @llvm.fmuladd.f32(float %a, float %vx, float %vy)
  store float %r, ptr %py, align 4
  %next = add nuw nsw i64 %i, 1
  %done = icmp eq i64 %next, %count
  br i1 %done, label %exit, label %body

exit:
  ret void
}

declare float @llvm.fmuladd.f32(float, float, float)

attributes #0 = { nofree norecurse nosync nounwind }
