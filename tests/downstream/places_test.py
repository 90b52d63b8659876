"""Rows that are branches: which states make their vectors."""

import tempfile

import numpy as np
import testing_encoder
from absl.testing import absltest, parameterized

import mirencoder_jax as mir
from mirencoder_jax.downstream.tasks import features, places, tasks
from mirencoder_jax.inference import states as states_lib
from mirencoder_jax.ir import branches

# Two branches and a switch: the second block's switch is none.
_TWO = """
define i32 @two(i32 %x) {
entry:
  %low = icmp slt i32 %x, 10
  br i1 %low, label %small, label %large
small:
  switch i32 %x, label %end [
    i32 1, label %large
    i32 2, label %end
  ]
large:
  %odd = trunc i32 %x to i1
  br i1 %odd, label %end, label %small
end:
  ret i32 %x
}
"""
_TEXT = _TWO + testing_encoder.AXPY


class BranchesTest(absltest.TestCase):

  def test_numbers(self):
    function = mir.read_module(_TEXT).function('two')
    self.assertEqual(
        branches.conditional_branches(function),
        [branches.Branch(1, 0, 1, 2), branches.Branch(4, 2, 3, 1)],
    )


class PlacesTest(parameterized.TestCase):

  @parameterized.parameters('tokens', 'instructions')
  def test_vectors_are_of_branch_condition_and_sides(self, reads):
    encoder = testing_encoder.create_encoder(text=_TEXT, reads=reads)
    module = mir.read_module(_TEXT)
    two, axpy = module.functions
    rows = [
        places.Place(two.hash, 1),
        places.Place(axpy.hash, 0),
        places.Place(two.hash, 2),  # there is none
        places.Place(two.hash, 0),
    ]
    found, problems = places.encode(
        encoder, [module, None], [_TEXT.encode(), b''], rows,
        np.array([0, 0, 0, 1]),
    )  # fmt: skip
    self.assertEqual(set(problems), {2, 3})
    self.assertIn('no branch 2', problems[2])
    states = states_lib.encode_states(encoder, _TEXT)[0]
    expected = states.instruction_states
    if reads == 'tokens':
      texts = states.instruction_token_states()
      expected = np.concatenate([texts, expected], axis=1)
    # The branch, `trunc`, `ret` of %end, `switch` of %small.
    np.testing.assert_allclose(
        found['joint'][0], np.concatenate(expected[[4, 3, 5, 2]]), atol=1e-5
    )
    self.assertTrue(np.isnan(found['joint'][2:]).all())
    self.assertFalse(np.isnan(found['joint'][:2]).any())
    widths = [found[name].shape[1] for name in ('ir', 'graph', 'joint')]
    self.assertEqual(widths[0] + widths[1], widths[2])

  def test_a_condition_that_no_instruction_gives(self):
    text = """
        define i32 @f(i1 %c) {
          br i1 %c, label %a, label %b
        a:
          ret i32 1
        b:
          ret i32 0
        }
    """
    states = np.arange(6, dtype=np.float32).reshape(3, 2) + 1
    np.testing.assert_array_equal(
        places.around(states, mir.read_module(text).functions[0]),
        [[1, 2, 0, 0, 3, 4, 5, 6]],
    )

  def test_task_of_branches(self):
    function = mir.read_module(_TWO).functions[0]
    config = tasks.TaskConfig(
        'branches',
        row=('branch',),
        targets={'run': dict(kind='probability', value='p', default='guess')},
        place=('function', 'branch'),
    )
    task = tasks.build_task(
        config,
        [
            dict(branch=k, function=function.hash, module='m', p=0.25 + k / 2,
                 guess=0.5, ir=_TWO if k else '')
            for k in (0, 1)
        ],
    )  # fmt: skip
    self.assertEqual(task.ir, (_TWO.encode(),))  # the second row has it
    self.assertEqual(task.places[1], places.Place(function.hash, 1))
    self.assertEqual(task.problems, ())
    encoder = testing_encoder.create_encoder(text=_TEXT)
    listed, problems = features.collect(
        task, encoder, {}, num_null=0, null_width=4, counts=()
    )
    self.assertEqual(problems, [])
    ours = {f.name: f for f in listed if f.kind != 'baseline'}
    self.assertTrue(all(f.is_by_row for f in ours.values()))
    self.assertEqual(ours[features.MAIN].vectors.shape[0], 2)
    # Of another encoder there are vectors of branches, too.
    with tempfile.TemporaryDirectory() as folder:
      features.save_vectors(folder, task, [ours[features.MAIN]])
      path = f'{folder}/mirencoder.npz'
      found, missing = features.load_vectors(path, task)
      self.assertEmpty(missing)
      np.testing.assert_array_equal(found, ours[features.MAIN].vectors)
      listed, _ = features.collect(
          task, None, {'other': path}, num_null=0, null_width=4, counts=()
      )
    other = next(f for f in listed if f.name == 'other')
    self.assertEqual((other.kind, other.is_by_row), ('compared', True))
    # What is there without training gets every head, too.
    self.assertEqual(ours['not pre-trained'].kind, 'compared')


if __name__ == '__main__':
  absltest.main()
