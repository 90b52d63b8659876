define void @saxpy(i32 %0, float %1, float* %2, float* %3) {
  %5 = alloca i32, align 4
  store i32 0, i32* %5, align 4
  br label %6

6:                                                ; preds = %10, %4
  %7 = load i32, i32* %5, align 4
  %8 = icmp slt i32 %7, %0
  br i1 %8, label %10, label %9

9:                                                ; preds = %6
  ret void

10:                                               ; preds = %6
  %11 = sext i32 %7 to i64
  %12 = getelementptr inbounds float, float* %2, i64 %11
  %13 = load float, float* %12, align 4
  %14 = getelementptr inbounds float, float* %3, i64 %11
  %15 = load float, float* %14, align 4
  %16 = fmul float %1, %13
  %17 = fadd float %16, %15
  store float %17, float* %14, align 4
  %18 = add nsw i32 %7, 1
  store i32 %18, i32* %5, align 4
  br label %6
}
