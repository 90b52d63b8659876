target triple = "nvptx64-nvidia-cuda"

define ptx_kernel void @square(ptr %x, i64 %n) {
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %i = zext i32 %t to i64
  %p = getelementptr float, ptr %x, i64 %i
  %a = load float, ptr %p
  %b = fmul float %a, %a
  store float %b, ptr %p
  ret void
}

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
