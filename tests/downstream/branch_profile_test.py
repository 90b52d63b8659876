"""Guessed branch weights: written where there are none, and read by LLVM."""

import pathlib
import subprocess
import tempfile

import numpy as np
from absl.testing import absltest

import mirencoder_jax as mir
from mirencoder_jax.downstream.predictor import branch_profile
from mirencoder_jax.downstream.tasks import branch_features
from mirencoder_jax.ir import IRError, branch_weights, llvm
from mirencoder_jax.measure import branch_counts, profile_tools

_TEXT = """
define i32 @count(ptr %x, i32 %n) {
entry:
  br label %head
head:
  %i = phi i32 [ 0, %entry ], [ %next, %latch ]
  %v = load i32, ptr %x
  %odd = trunc i32 %v to i1
  br i1 %odd, label %skip, label %latch, !prof !0
skip:
  br label %latch
latch:
  %next = add i32 %i, 1
  %again = icmp slt i32 %next, %n
  br i1 %again, label %head, label %exit
exit:
  ret i32 %next
}

!0 = !{!"branch_weights", i32 3, i32 1}
"""


class BranchWeightsTest(absltest.TestCase):

  def test_adds_and_keeps(self):
    text, written, kept = branch_weights.write_weights(
        llvm.canonical_text(_TEXT.encode()), {'count': [0.5, 0.9]}
    )
    self.assertEqual((written, kept), (1, 1))
    counts = branch_counts.read_counts(llvm.canonical_text(text.encode()))
    first, latch = counts['count'].branches
    self.assertEqual(first, (3, 1))
    self.assertAlmostEqual(latch[0] / sum(latch), 0.9, places=5)

  def test_sure_guesses_leave_both_ways_open(self):
    text = llvm.canonical_text(_TEXT.encode())
    text, *_ = branch_weights.write_weights(text, {'count': [0.0, 1.0]})
    self.assertGreater(min(branch_counts.read_counts(text)['count'][1][1]), 0)

  def test_another_number_of_branches(self):
    with self.assertRaisesRegex(ValueError, 'count has 2 conditional'):
      branch_weights.write_weights(_TEXT, {'count': [0.5]})


class BranchProfileTest(absltest.TestCase):

  def test_learns_what_a_feature_says(self):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, len(branch_features.NAMES)))
    truth = 1 / (1 + np.exp(-3 * x[:, 7]))
    model = branch_profile.fit(x, truth, strength=1.0)
    self.assertEqual(np.argmax(np.abs(model.weights)), 7)
    self.assertLess(np.abs(model.probabilities(x) - truth).mean(), 0.05)
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder, 'model.json')
      model.save(path)
      again = branch_profile.load(path)
      path.write_text(path.read_text().replace('in entry', 'else'))
      with self.assertRaisesRegex(ValueError, 'fit it again'):
        branch_profile.load(path)
    np.testing.assert_allclose(
        again.probabilities(x), model.probabilities(x), atol=1e-4
    )

  def test_shipped_one_knows_a_loop(self):
    model = branch_profile.load()
    function = mir.read_module(_TEXT).function('count')
    _, latch = model.predict(function)
    self.assertGreater(latch, 0.8)
    said = model.about['programs_held_out']
    self.assertLess(said['mean_error'], model.about['llvm']['mean_error'])

  def test_opt_and_clang_take_it(self):
    text, written, kept = branch_profile.load().annotate(_TEXT.encode())
    self.assertEqual((written, kept), (1, 1))
    try:
      tools = profile_tools.find_tools()
    except IRError as error:
      self.skipTest(str(error))
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder, 'count.ll')
      path.write_text(text)
      for command in (
          [tools.opt, '-passes=verify', '-disable-output', path],
          [tools.clang, '-w', '-O2', '-c', path, '-o', path.with_suffix('.o')],
      ):
        subprocess.run(command, check=True)

  def test_mean_with_another_guess(self):
    model = branch_profile.load()
    alone, *_ = model.annotate(_TEXT.encode())
    both, *_ = model.annotate(
        _TEXT.encode(), other=lambda text, functions: {'count': [0.5, 0.0]}
    )
    latches = [
        true / (true + false)
        for text in (alone, both)
        for true, false in branch_counts.read_counts(text)['count'].branches[1:]
    ]
    self.assertAlmostEqual(latches[1], latches[0] / 2, places=5)

  def test_not_ir(self):
    with self.assertRaisesRegex(IRError, 'x.ll: LLVM cannot read it'):
      branch_profile.load().annotate(b'nothing', 'x.ll')


if __name__ == '__main__':
  absltest.main()
