"""Tests of predictors: saved, loaded in a fresh process, and asked."""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import jax
import numpy as np
import orbax.checkpoint as ocp
import testing_encoder
from absl.testing import absltest, parameterized
from testing import DAMAGE

import mirencoder_jax as mir
from mirencoder_jax.downstream.heads import fit
from mirencoder_jax.downstream.predictor import (
    predictor,
    predictor_checkpoint,
    predictor_writer,
)
from mirencoder_jax.downstream.tasks import splits, tasks
from mirencoder_jax.inference import encoder
from mirencoder_jax.storage import bundle, checkpoint

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = fit.FitConfig(
    heads=('kernel',),
    grids={
        'kernel': dict(penalty=(0.1, 1.0), group_variance=(0.1,)),
        'neighbour': dict(neighbours=(1, 3)),
        'mlp': dict(weight_decay=(0.1,), learning_rate=(0.1,)),
    },
    averaged=('neighbour', 'mlp'),
)


def make_ir(number: int) -> bytes:
  """Programs with `number` multiplications in a chain."""
  lines = [f'  %v{i + 1} = fmul float %v{i}, %v{i}' for i in range(number)]
  body = '\n'.join(lines)
  return (
      f'define float @f(float %v0) {{\n{body}\n  ret float %v{number}\n}}\n'
  ).encode()


def create_encoder(seed: int = 0, num_words: int = 512) -> encoder.Encoder:
  return testing_encoder.create_encoder(
      text=make_ir(5).decode(), num_words=num_words, seed=seed
  )


def make_task(num_choices=2, has_costs=True):
  """The second choice pays from a size on; on the second machine never."""
  size = np.tile([10.0, 100, 1e4, 1e5], 6)
  num_rows = len(size)
  big = size > 1e3
  targets = []
  for name, pays, field in (('a', big, 'a_size'), ('b', big & False, 'size')):
    costs = np.ones((num_rows, num_choices)) * 1.5
    costs[:, 0] = 1
    costs[:, 1] = np.where(pays, 0.5, 2)
    targets.append(
        tasks.Target(
            name=name,
            choices=tuple(f'c{i}' for i in range(num_choices)),
            default=0,
            inputs=size[:, None],
            costs=costs if has_costs else None,
            labels=costs.argmin(axis=1),
            valid=np.ones(num_rows, bool),
            input_fields=(field,),
        )
    )
  modules = tuple(f'm{i}' for i in range(6))
  return tasks.Task(
      name='toy',
      rows=tuple(f'row {i}' for i in range(num_rows)),
      modules=modules,
      ir=tuple(make_ir(i + 1) for i in range(6)),
      module_index=np.repeat(np.arange(6), 4),
      groups={'program': np.repeat(np.arange(6), 4)},
      group_names={'program': modules},
      targets=tuple(targets),
      problems=(),
  )


class PredictorTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.folder = pathlib.Path(folder.name)
    cls.path = cls.folder / 'predictor'
    cls.encoder = create_encoder()
    cls.task = make_task()
    cls.info = cls.save(cls.path)
    cls.predictor = mir.load_predictor(cls.path)

  @classmethod
  def save(cls, path, task=None, **keywords):
    return predictor_writer.save_predictor(
        path,
        task or cls.task,
        cls.encoder,
        CONFIG,
        **{'group': 'program'} | keywords,
    )

  def test_decides_what_it_was_fitted_on(self):
    for row, module in enumerate(self.task.module_index):
      size = self.task.targets[0].inputs[row, 0]
      decision = self.predictor.predict(
          self.task.ir[module], dict(size=size), target='a'
      )
      label = self.task.targets[0].labels[row]
      self.assertEqual(decision.choice, f'c{label}')
      self.assertEqual(decision.default, 'c0')
      self.assertEqual(decision.gain > 1, label == 1)
      self.assertAlmostEqual(sum(decision.probabilities.values()), 1)
      likeliest = max(decision.probabilities, key=decision.probabilities.get)
      self.assertEqual(likeliest, decision.choice)
      self.assertFalse(decision.far)
    both = self.predictor.predict_all(make_ir(3), dict(size=1e5))
    self.assertEqual([d.choice for d in both.values()], ['c1', 'c0'])
    self.assertEqual(both['b'].gain, 1)

  def test_promises_are_those_of_held_out_groups(self):
    for target in self.predictor.targets.values():
      self.assertEqual(target.held_out['accuracy'], 1)
      self.assertGreater(target.gain_slope, 1)  # learned up to e^0.5, is 2
    decision = self.predictor.predict(make_ir(3), dict(size=1e5), target='a')
    self.assertBetween(decision.gain, 1.3, 2.5)  # shrunk a little

  def test_declines_where_gains_did_not_come_true(self):
    target = dataclasses.replace(self.predictor.targets['a'], gain_slope=0.5)
    opinion = np.array([0.0, -0.4])
    decision = predictor._decide_one(target, opinion, 0.0)
    self.assertEqual(decision.choice, 'c1')
    self.assertAlmostEqual(decision.gain, np.exp(0.2))
    target = dataclasses.replace(target, gain_slope=0.0)
    decision = predictor._decide_one(target, opinion, 0.0)
    self.assertEqual((decision.choice, decision.gain), ('c0', 1.0))

  def test_scores_are_those_of_the_fit(self):
    # The rows of one program through `fit_protocol`, which fits on the others.
    keep = self.task.module_index > 0
    some = self.task._replace(
        targets=tuple(t._replace(valid=keep) for t in self.task.targets)
    )
    path = self.folder / 'some'
    self.save(path, some)
    vectors = self.encoder.embed(list(self.task.ir))[self.task.module_index]
    protocol = splits.build_protocol(
        splits.SplitConfig('program', 'program', 0),
        self.task.strata,
        self.task.groups,
        num_seeds=1,
        num_inner_folds=2,
    )
    fits = fit.fit_protocol('kernel', vectors, self.task, protocol, CONFIG)
    expected = fits['cost'].scores[0, 0, ~keep]  # [4, 2]
    loaded = mir.load_predictor(path)
    target = loaded.targets['a']
    decisions = loaded.predict(
        [self.task.ir[0]] * 4,
        [dict(size=s) for s in self.task.targets[0].inputs[~keep, 0]],
        target='a',
    )
    shares = predictor.probabilities(expected, target.temperature)
    np.testing.assert_allclose(
        [list(d.probabilities.values()) for d in decisions], shares, atol=1e-3
    )

  def test_far(self):
    near = self.predictor.predict(make_ir(3), dict(size=100), target='a')
    self.assertEqual(near.remoteness, 0)
    far = self.predictor.predict(make_ir(300), dict(size=1e15), target='a')
    self.assertEqual(far.remoteness, 1)
    self.assertTrue(far.far)

  def test_reference_distances_by_hand(self):
    inputs = np.array([[0.0], [1], [3], [7]], np.float32)
    vectors = np.zeros((4, 0), np.float32)
    np.testing.assert_allclose(
        predictor.reference_distances(vectors, inputs, np.arange(4)),
        [1, 1, 2, 4],
    )
    of_two = predictor.reference_distances(
        vectors, inputs, np.array([0, 0, 1, 1])
    )
    np.testing.assert_allclose(of_two, [2, 2, 3, 6])

  def test_one_path_is_enough_in_a_fresh_process(self):
    """Takes 8 s: starts JAX and compiles."""
    ir = self.folder / 'kernel.ll'
    ir.write_bytes(make_ir(3))
    script = (
        'import sys, json, dataclasses, mirencoder_jax as mir\n'
        'decision = mir.load_predictor(sys.argv[1]).predict(\n'
        '    sys.argv[2], dict(size=1e5), target="a")\n'
        'print(json.dumps(dataclasses.asdict(decision)))'
    )
    done = subprocess.run(
        [sys.executable, '-c', script, self.path, ir],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    here = self.predictor.predict(ir, dict(size=1e5), target='a')
    there = json.loads(done.stdout.splitlines()[-1])
    self.assertEqual(there['choice'], here.choice)
    self.assertAlmostEqual(there['gain'], here.gain, places=3)

  @parameterized.parameters(
      (dict(), 'a', "input 'size' is missing; task 'toy' on 'a' takes size"),
      (dict(size=1, n=2), 'a', "there is no input 'n'"),
      (dict(size=-1), 'a', "'size' is -1.0; it must be finite and not"),
      (dict(size=float('nan')), 'a', "'size' is nan"),
      (dict(size=1), 'gpu', "no target 'gpu': this predictor is of task 'toy'"),
      (dict(size=1), None, 'no target was named'),
      ([dict(size=1)] * 2, 'a', '1 programs and inputs of 2'),
  )
  def test_bad_questions(self, inputs, target, message):
    with self.assertRaisesRegex(ValueError, message):
      self.predictor.predict(make_ir(3), inputs, target=target)

  def test_bad_ir(self):
    with self.assertRaises(mir.IRError):
      self.predictor.predict('no IR', dict(size=1), target='a')
    with self.assertRaisesRegex(mir.IRError, 'defines no function'):
      self.predictor.predict('declare i32 @f()\n', dict(size=1), target='a')

  def test_encoder_by_name(self):
    path = self.folder / 'named'
    self.save(path, encoder_name='nobody')
    self.assertFalse((path / 'encoder.safetensors').exists())
    loaded = mir.load_predictor(path, self.encoder)
    here, there = (
        p.predict(make_ir(3), dict(size=1e5), target='a')
        for p in (self.predictor, loaded)
    )
    self.assertEqual(here.probabilities, there.probabilities)
    with self.assertRaisesRegex(mir.CheckpointError, "named 'nobody'"):
      mir.load_predictor(path)
    with self.assertRaisesRegex(mir.CheckpointError, 'vectors of encoder'):
      mir.load_predictor(path, create_encoder(seed=1))
    with self.assertRaisesRegex(mir.CheckpointError, 'with vocabulary'):
      mir.load_predictor(path, create_encoder(num_words=200))

  def test_bad_folders(self):
    with self.assertRaisesRegex(mir.CheckpointError, 'no predictor at'):
      mir.load_predictor(self.folder / 'nothing')
    other = self.folder / 'other'
    other.mkdir()
    (other / 'thesis.tex').write_text('all I have')
    with self.assertRaisesRegex(mir.CheckpointError, 'something else'):
      self.save(other)
    self.assertTrue((other / 'thesis.tex').exists())
    path = self.folder / 'replaced'
    self.save(path)
    self.save(path)  # a predictor may be replaced
    self.assertEqual(mir.load_predictor(path).task, 'toy')

  @parameterized.product(
      damage=list(DAMAGE),
      file=(
          'head.safetensors',
          'encoder.safetensors',
          'info.json',
          'vocab.json',
      ),
  )
  def test_damage_is_told_with_the_file(self, damage, file):
    folder = self.folder / f'{damage}-{file}'
    shutil.copytree(self.path, folder)
    path = folder / file
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    with self.assertRaisesRegex(mir.CheckpointError, f'{path} is damaged'):
      mir.load_predictor(folder)

  def test_predictor_of_format_1_loads(self):
    """As version 0.3 wrote it, with Orbax."""
    new = bundle.load(self.path, predictor_checkpoint.KIND)
    arrays = {
        'head': self.predictor._arrays,
        'encoder': self.predictor.encoder.params,
    }
    arrays = jax.tree.map(np.asarray, arrays)
    info = new.info | {
        'format': 1,
        'checksums': {k: checkpoint.checksum(v) for k, v in arrays.items()},
    }
    path = self.folder / 'old'
    with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as composite:
      composite.save(
          path,
          args=ocp.args.Composite(
              config=ocp.args.JsonSave(info),
              vocab=ocp.args.JsonSave(new.vocab),
              **{k: ocp.args.StandardSave(v) for k, v in arrays.items()},
          ),
      )
    question = make_ir(3), dict(size=1e5)
    self.assertEqual(
        mir.load_predictor(path).predict(*question, target='a'),
        self.predictor.predict(*question, target='a'),
    )
    for file in (path / 'head').rglob('*'):
      if file.is_file() and file.stat().st_size > 200:
        file.write_bytes(file.read_bytes()[:-60] + bytes(60))
    with self.assertRaisesRegex(mir.CheckpointError, 'is damaged'):
      mir.load_predictor(path)

  def test_many_choices_and_labels_only(self):
    task = make_task(num_choices=20)
    path = self.folder / 'many'
    info = self.save(path, task, head='neighbour')
    self.assertEqual(info['targets']['a']['choices'], ['c0', 'c1'])
    self.assertEqual(info['targets']['b']['choices'], ['c0'])
    loaded = mir.load_predictor(path)
    decision = loaded.predict(make_ir(3), dict(size=1e5), target='a')
    self.assertEqual(decision.choice, 'c1')
    labels = make_task(has_costs=False)
    self.save(path, labels)
    decision = mir.load_predictor(path).predict(
        make_ir(3), dict(size=1e5), target='a'
    )
    self.assertEqual(decision.choice, 'c1')
    self.assertIsNone(decision.gain)

  @parameterized.parameters(('', 'machine'), ('@desk', 'desk'))
  def test_of_a_table_of_ones_own(self, suffix, machine):
    """The columns' names are asked for, whether they name a machine or not."""
    folder = self.folder / f'own{suffix}'
    (folder / 'ir').mkdir(parents=True)
    lines = [f'ir,group:program,input:size,time:a{suffix},time:b{suffix}']
    for number in range(1, 5):
      (folder / 'ir' / f'm{number}.ll').write_bytes(make_ir(number))
      for size in (10, 1000):
        best = (1, 2) if size < 100 else (2, 1)
        lines.append(f'm{number},p{number},{size},{best[0]},{best[1]}')
    (folder / 'table.csv').write_text('\n'.join(lines) + '\n')
    task = tasks.load_task(
        tasks.TaskConfig(
            name='custom',
            table=str(folder / 'table.csv'),
            ir_dir=str(folder / 'ir'),
        )
    )
    path = folder / 'predictor'
    info = self.save(path, task)
    self.assertEqual(info['targets'][machine]['inputs'], ['size'])
    for size, choice in ((10, 'a'), (1000, 'b')):
      decision = mir.load_predictor(path).predict(
          make_ir(2), {'size': size}, target=machine
      )
      self.assertEqual(decision.choice, choice)
    by_column = mir.load_predictor(path).predict(
        make_ir(2), {'input:size': 1000}, target=machine
    )
    self.assertEqual(by_column.choice, 'b')

  def test_what_cannot_be_a_predictor(self):
    path = self.folder / 'never'
    with self.assertRaisesRegex(ValueError, "head 'mlp' cannot"):
      self.save(path, head='mlp')
    with self.assertRaisesRegex(ValueError, "no group 'suite'"):
      self.save(path, group='suite')
    nothing = self.task._replace(ir=(b'',) * 6)
    with self.assertRaisesRegex(ValueError, 'none of the 6 modules'):
      self.save(path, nothing)
    self.assertFalse(path.exists())


if __name__ == '__main__':
  absltest.main()
