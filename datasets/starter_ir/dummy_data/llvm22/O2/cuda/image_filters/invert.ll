target triple = "nvptx64-nvidia-cuda"

define dso_local ptx_kernel void @invert(ptr noundef captures(none) %0, i32 noundef %1) {
  %3 = tail call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %4 = tail call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %5 = tail call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %6 = mul i32 %3, %4
  %7 = add i32 %6, %5
  %8 = icmp slt i32 %7, %1
  br i1 %8, label %9, label %14

9:
  %10 = sext i32 %7 to i64
  %11 = getelementptr inbounds i8, ptr %0, i64 %10
  %12 = load i8, ptr %11, align 1
  %13 = xor i8 %12, -1
  store i8 %13, ptr %11, align 1
  br label %14

14:
  ret void
}

declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
