define dso_local void @prefix_sum(i32* noundef %0, i32 noundef %1) {
  %3 = alloca i32, align 4
  store i32 1, i32* %3, align 4
  br label %4

4:
  %5 = load i32, i32* %3, align 4
  %6 = icmp slt i32 %5, %1
  br i1 %6, label %7, label %17

7:
  %8 = sub nsw i32 %5, 1
  %9 = sext i32 %8 to i64
  %10 = getelementptr inbounds i32, i32* %0, i64 %9
  %11 = load i32, i32* %10, align 4
  %12 = sext i32 %5 to i64
  %13 = getelementptr inbounds i32, i32* %0, i64 %12
  %14 = load i32, i32* %13, align 4
  %15 = add nsw i32 %14, %11
  store i32 %15, i32* %13, align 4
  %16 = add nsw i32 %5, 1
  store i32 %16, i32* %3, align 4
  br label %4

17:
  ret void
}
