target triple = "nvptx64-nvidia-cuda"

define ptx_kernel void @_Z4fillIdEvPT_S0_i(ptr %x, double %a, i32 %n) {
entry:
  %i = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %more = icmp slt i32 %i, %n
  br i1 %more, label %body, label %end
body:
  %p = getelementptr double, ptr %x, i32 %i
  store double %a, ptr %p
  br label %end
end:
  ret void
}

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
