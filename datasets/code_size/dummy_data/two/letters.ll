target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define i32 @kind_of_letter(i32 %c) {
  switch i32 %c, label %other [
    i32 32, label %blank
    i32 9, label %blank
    i32 43, label %sign
    i32 45, label %sign
    i32 48, label %digit
    i32 49, label %digit
    i32 50, label %digit
  ]
blank:
  %a = call i32 @note(i32 %c)
  ret i32 %a
sign:
  %b = call i32 @note(i32 1)
  %d = mul i32 %b, 3
  ret i32 %d
digit:
  %e = sub i32 %c, 48
  ret i32 %e
other:
  ret i32 -1
}

define i32 @count_letter(ptr %text, i8 %letter) {
entry:
  br label %loop
loop:
  %p = phi ptr [ %text, %entry ], [ %q, %loop ]
  %n = phi i32 [ 0, %entry ], [ %m, %loop ]
  %c = load i8, ptr %p
  %same = icmp eq i8 %c, %letter
  %one = zext i1 %same to i32
  %m = add i32 %n, %one
  %q = getelementptr i8, ptr %p, i64 1
  %end = icmp eq i8 %c, 0
  br i1 %end, label %out, label %loop
out:
  %r = call i32 @note(i32 %m)
  ret i32 %m
}

declare i32 @note(i32)
