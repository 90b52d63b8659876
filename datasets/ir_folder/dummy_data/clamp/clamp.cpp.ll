define i32 @clamp(i32 %value, i32 %low, i32 %high) {
  %1 = tail call i32 @llvm.smax.i32(i32 %value, i32 %low)
  %2 = tail call i32 @llvm.smin.i32(i32 %1, i32 %high)
  ret i32 %2
}

define i32 @clamp_byte(i32 %value) {
  %1 = tail call i32 @clamp(i32 %value, i32 0, i32 255)
  ret i32 %1
}

; The same as @clamp but for its name: a duplicate.
define i32 @bound(i32 %a, i32 %b, i32 %c) {
  %m = tail call i32 @llvm.smax.i32(i32 %a, i32 %b)
  %n = tail call i32 @llvm.smin.i32(i32 %m, i32 %c)
  ret i32 %n
}

declare i32 @llvm.smax.i32(i32, i32)
declare i32 @llvm.smin.i32(i32, i32)
