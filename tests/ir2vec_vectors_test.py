"""What `benchmarks/ir2vec_vectors.py` gives to IR2Vec: one function of IR."""

import json
import pathlib
import subprocess
import sys

import llvmlite.binding as llvm_binding
from absl.testing import absltest

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODULE = """\
%struct.pair = type { i32, i32 }
$other = comdat any
@table = private constant [2 x ptr] [ptr @"a b", ptr @unused], align 16
@alone = global i32 0, align 4
define linkonce_odr i32 @other(ptr captures(none) %p) #0 comdat {
  %s = getelementptr inbounds nuw %struct.pair, ptr %p, i64 0, i32 1
  %v = load i32, ptr %s, align 4, !tbaa !0
  ret i32 %v
}
define range(i32 0, 9) i32 @"a b"(ptr %p, <4 x i32> %w) #0 personality ptr @p {
  #dbg_value(i32 0, !0, !0, !0)
  call void @llvm.lifetime.start.p0(ptr nonnull %p)
  %x = add <4 x i32> %w, splat (i32 3)
  %e = extractelement <4 x i32> %x, i32 0
  %c = icmp samesign ult i32 %e, 4
  %t = load ptr, ptr @table, align 8
  %r = call i32 @other(ptr %p) #1
  ret i32 %r
}
define void @unused() {
  ret void
}
declare i32 @p(...)
declare void @llvm.lifetime.start.p0(ptr captures(none)) #1
attributes #0 = { nounwind }
attributes #1 = { nounwind }
!0 = !{}
"""


class OneAtATimeTest(absltest.TestCase):

  def test_each_function_alone_and_for_an_older_llvm(self):
    # In a process of its own: the script's flags are not for the other tests.
    call = (
        'import json, sys; from benchmarks import ir2vec_vectors as script; '
        'text = script.for_an_older_llvm(sys.stdin.read()); '
        'names = ["other", "a b", "not there"]; '
        'print(json.dumps(dict(script.one_at_a_time(text, names))))'
    )
    done = subprocess.run(
        [sys.executable, '-c', call],
        input=MODULE,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    modules = json.loads(done.stdout)
    self.assertCountEqual(modules, ['other', 'a b'])
    for text in modules.values():
      module = llvm_binding.parse_assembly(text)
      module.verify()
      defined = [f.name for f in module.functions if not f.is_declaration]
      self.assertEqual(defined, ['the_function'])
      for new in ('captures', 'nuw', 'samesign', 'range(', 'splat', 'comdat'):
        self.assertNotIn(new, text)
      for dropped in ('!', '#', '@alone'):
        self.assertNotIn(dropped, text)
    other, own = modules['other'], modules['a b']
    self.assertNotIn('@table', other)
    # What the function uses, and what that uses.
    for symbol in ('@table', 'declare i32 @other(', 'declare void @unused('):
      self.assertIn(symbol, own)
    self.assertIn('add <4 x i32> %w, <i32 3, i32 3, i32 3, i32 3>', own)


if __name__ == '__main__':
  absltest.main()
