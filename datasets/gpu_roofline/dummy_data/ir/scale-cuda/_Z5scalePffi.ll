target triple = "nvptx64-nvidia-cuda"

define ptx_kernel void @_Z5scalePffi(ptr %x, float %a, i32 %n) {
entry:
  %i = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %more = icmp slt i32 %i, %n
  br i1 %more, label %body, label %end
body:
  %p = getelementptr float, ptr %x, i32 %i
  %v = load float, ptr %p
  %m = fmul float %v, %a
  store float %m, ptr %p
  br label %end
end:
  ret void
}

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
