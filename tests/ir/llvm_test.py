"""The LLVM worker: an abort, a hang or a fork costs nothing but one file."""

import os
import signal

import llvmlite.binding as llvm_binding
import pytest
from absl.testing import absltest

from mirencoder_jax import ir
from mirencoder_jax.ir import llvm

GOOD = b'define void @f() {\n  ret void\n}\n'
# LLVM 22 dies of upgrading a call whose type is another than it thinks.
DEADLY = b"""
declare <2 x i32> @llvm.aarch64.sve.ld2.nxv32i8(i1, ptr)
define i1 @f(i1 %c, ptr %h) {
  %x = call <2 x i32> @llvm.aarch64.sve.ld2.nxv32i8(i1 %c, ptr %h)
  ret i1 %c
}
"""


class LlvmWorkerTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.worker = llvm.LlvmWorker()
    self.addCleanup(self.worker.close)

  def test_text_and_refusal(self):
    self.assertIn('define void @f()', self.worker.canonical_text(GOOD))
    with self.assertRaisesRegex(llvm.LlvmRefusal, 'expected'):
      self.worker.canonical_text(b'define banana')
    self.assertIn('define void @f()', self.worker.canonical_text(GOOD))

  def test_bytes_that_llvm_prints_as_they_are(self):
    for what in ('gc "\\F5x"', '"\\F5x"="1"'):
      text = f'define void @f() {what} {{\n  ret void\n}}\n'
      self.assertIn('\\F5x', self.worker.canonical_text(text.encode()))
      module = ir.read_module(text)
      self.assertFalse(module.unverified)
      self.assertEqual([f.name for f in module.functions], ['f'])

  def test_a_line_that_llvm_breaks_is_one(self):
    for what in ('gc "x\\0A}"', '"x\\0Ay:\\0A"="1"'):
      text = f'define void @f() {what} {{\n  ret void\n}}\n'
      self.assertIn('x\\0A', self.worker.canonical_text(text.encode()))
      module = ir.read_module(text)
      self.assertFalse(module.unverified)
      self.assertEqual([f.opcodes for f in module.functions], [['ret']])

  def test_no_function_comes_out_of_a_name(self):
    evil = (
        '\\22 }\\0A\\0Adefine void @evil() {\\0A  ret void\\0A}\\0A\\0A; \\22'
    )
    text = f'define void @f() "x{evil}" {{\n  ret void\n}}\n'
    with self.assertRaisesRegex(llvm.LlvmRefusal, 'a name of an attribute'):
      self.worker.canonical_text(text.encode())
    bitcode = llvm_binding.parse_assembly(text).as_bitcode()
    with self.assertRaisesRegex(ir.IRError, 'a name of an attribute'):
      ir.read_module(bitcode)

  def test_an_abort_costs_one_file(self):
    with self.assertRaisesRegex(llvm.LlvmAbort, 'aborted'):
      self.worker.canonical_text(DEADLY)
    self.assertIn('define void @f()', self.worker.canonical_text(GOOD))

  def test_what_llvm_dies_of_is_read_directly(self):
    module = ir.read_module(DEADLY, name='deadly.ll')
    self.assertTrue(module.unverified)
    self.assertIn('aborted', module.refusal)
    self.assertEqual(module.functions[0].opcodes, ['call', 'ret'])

  def test_time_out(self):
    with self.assertRaisesRegex(llvm.LlvmAbort, 'did not finish'):
      self.worker.canonical_text(GOOD, timeout=0.0)
    self.assertIn('define void @f()', self.worker.canonical_text(GOOD))

  def test_interrupt_leaves_no_answer_behind(self):
    def interrupt(*_):
      raise KeyboardInterrupt

    self.worker.canonical_text(GOOD)
    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
      # Large enough to be interrupted while LLVM reads it.
      slow = b''.join(
          b'define void @f%d() {\n  ret void\n}\n' % i for i in range(200_000)
      )
      signal.setitimer(signal.ITIMER_REAL, 0.05)
      with self.assertRaises(KeyboardInterrupt):
        self.worker.canonical_text(slow)
    finally:
      signal.setitimer(signal.ITIMER_REAL, 0)
      signal.signal(signal.SIGALRM, previous)
    text = self.worker.canonical_text(GOOD)
    self.assertEqual(text.count('define'), 1)

  def test_a_child_that_died_between_files_is_replaced(self):
    self.worker.canonical_text(GOOD)
    process = self.worker._process
    process.kill()
    process.wait()
    self.assertIn('define void @f()', self.worker.canonical_text(GOOD))

  # JAX may be loaded by another test of this process; the child only reads IR.
  @pytest.mark.filterwarnings('ignore:os.fork')
  @pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
  def test_a_forked_process_has_its_own_child(self):
    self.worker.canonical_text(GOOD)
    ours = self.worker._process.pid
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
      text = self.worker.canonical_text(GOOD)
      other = self.worker._process.pid
      os.write(writer, b'y' if other != ours and 'define' in text else b'n')
      self.worker.close()
      os._exit(0)
    self.assertEqual(os.read(reader, 1), b'y')
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
    self.assertIn('define void @f()', self.worker.canonical_text(GOOD))
    self.assertEqual(self.worker._process.pid, ours)


if __name__ == '__main__':
  absltest.main()
