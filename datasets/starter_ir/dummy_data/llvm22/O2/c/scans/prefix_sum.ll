define dso_local void @prefix_sum(ptr noundef captures(none) %0, i32 noundef %1) local_unnamed_addr {
  %3 = icmp sgt i32 %1, 1
  br i1 %3, label %4, label %7

4:
  %5 = zext nneg i32 %1 to i64
  %6 = load i32, ptr %0, align 4
  br label %8

7:
  ret void

8:
  %9 = phi i32 [ %6, %4 ], [ %13, %8 ]
  %10 = phi i64 [ 1, %4 ], [ %14, %8 ]
  %11 = getelementptr inbounds nuw i32, ptr %0, i64 %10
  %12 = load i32, ptr %11, align 4
  %13 = add nsw i32 %12, %9
  store i32 %13, ptr %11, align 4
  %14 = add nuw nsw i64 %10, 1
  %15 = icmp eq i64 %14, %5
  br i1 %15, label %7, label %8
}
