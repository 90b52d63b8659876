source_filename = "other__copy"

define void @copy(ptr %to, ptr %from) {
entry:
  br label %head

head:
  %i = phi i64 [ 0, %entry ], [ %next, %head ]
  %p = getelementptr i8, ptr %from, i64 %i
  %q = getelementptr i8, ptr %to, i64 %i
  %c = load i8, ptr %p
  store i8 %c, ptr %q
  %next = add i64 %i, 1
  %is_end = icmp eq i8 %c, 0
  br i1 %is_end, label %exit, label %head

exit:
  ret void
}
