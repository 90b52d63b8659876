source_filename = "made__loop"

define i32 @loop(ptr %x, i32 %n) {
entry:
  br label %head

head:
  %i = phi i32 [ 0, %entry ], [ %next, %latch ]
  %sum = phi i32 [ 0, %entry ], [ %more, %latch ]
  %p = getelementptr i32, ptr %x, i32 %i
  %v = load i32, ptr %p
  %is_negative = icmp slt i32 %v, 0
  br i1 %is_negative, label %bad, label %latch

bad:
  call void @report(i32 %v)
  br label %latch

latch:
  %more = add i32 %sum, %v
  %next = add i32 %i, 1
  %again = icmp ne i32 %next, %n
  br i1 %again, label %head, label %exit

exit:
  ret i32 %more
}

define i32 @rare(ptr %x) {
  %is_null = icmp eq ptr %x, null
  br i1 %is_null, label %none, label %some

none:
  ret i32 0

some:
  %v = load i32, ptr %x
  ret i32 %v
}

declare void @report(i32)
