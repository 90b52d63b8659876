target triple = "nvptx64-nvidia-cuda"

define ptx_kernel void @_Z4fillIfEvPT_S0_i(ptr %x, float %a, i32 %n) {
entry:
  %i = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %more = icmp slt i32 %i, %n
  br i1 %more, label %body, label %end
body:
  %p = getelementptr float, ptr %x, i32 %i
  store float %a, ptr %p
  br label %end
end:
  ret void
}

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
