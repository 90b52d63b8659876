target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define i32 @sum_of_positive(ptr %values, i32 %n) {
entry:
  %total = alloca i32
  store i32 0, ptr %total
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %latch ]
  %more = icmp slt i32 %i, %n
  br i1 %more, label %body, label %end
body:
  %at = sext i32 %i to i64
  %p = getelementptr inbounds i32, ptr %values, i64 %at
  %v = load i32, ptr %p
  %positive = icmp sgt i32 %v, 0
  br i1 %positive, label %add, label %latch
add:
  %t = load i32, ptr %total
  %u = add nsw i32 %t, %v
  store i32 %u, ptr %total
  br label %latch
latch:
  %next = add nsw i32 %i, 1
  br label %loop
end:
  %result = load i32, ptr %total
  ret i32 %result
}

define void @prefix_sums(ptr %values, ptr %sums, i32 %n) {
entry:
  %some = icmp sgt i32 %n, 0
  br i1 %some, label %loop, label %end
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %s = phi i64 [ 0, %entry ], [ %t, %loop ]
  %at = sext i32 %i to i64
  %p = getelementptr inbounds i32, ptr %values, i64 %at
  %v = load i32, ptr %p
  %w = sext i32 %v to i64
  %t = add nsw i64 %s, %w
  %q = getelementptr inbounds i64, ptr %sums, i64 %at
  store i64 %t, ptr %q
  %next = add nsw i32 %i, 1
  %more = icmp slt i32 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}
