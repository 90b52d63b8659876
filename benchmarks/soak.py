"""Kills small runs again and again; asserts that nothing is lost or spoilt.

    python benchmarks/soak.py --output=soak --minutes=20
    python benchmarks/soak.py --output=soak --what=prepare --kills=100
    sudo python benchmarks/soak.py --output=soak --what=disk

`train` is a tiny model on a dozen modules of the starter corpus, `prepare`
makes the shards of these, `measure` the sizes of their functions. Each is
started, gets a SIGKILL (the whole group of processes) after a random time, in
a save or in a step, and is looked at:

  train    the newest checkpoint can be restored, and at most one interval, or
           what was trained while the last one was being written, is lost; the
           curve of all attempts is that of a run that was left alone
  prepare  shards are there whole or not at all; the content is the same
  measure  the label file can be read and no record is gone; the labels are the
           same

In half of the attempts at training the clock jumps by hours once. `disk` does
each on a file system that is full (a tmpfs, which takes a superuser), then
makes room. Every kill is a line of `kills.jsonl`; a second run goes on.
"""

import argparse
import collections
import contextlib
import importlib
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

STARTER = ROOT / 'datasets' / 'starter_ir' / 'starter_ir.tar.xz'
NUM_MODULES = 12
NUM_STEPS = 240
INTERVAL = 12  # steps between checkpoints
KINDS = ('train', 'prepare', 'measure')


def train(folder: pathlib.Path) -> None:
  """The run that is killed, in a child."""
  from configs import pretrain as recipe
  from mirencoder_jax.training import pretrain

  config = recipe.get_config('tiny')
  config.model.update(width=12, token_layers=1, num_heads=1, graph_layers=1)
  for name in list(config.objectives):
    if name.endswith('_weight') and name != 'mlm_weight':
      config.objectives[name] = 0.0
  config.data.update(name='ir_folder', batch_size=1, num_rows=2)
  config.train.update(
      num_steps=NUM_STEPS,
      every_log_steps=NUM_STEPS,
      every_eval_steps=NUM_STEPS,
      every_checkpoint_steps=INTERVAL,
      num_eval_batches=1,
      stall_minutes=0.0,  # a machine that is busy for hours is no fault
      compilation_cache=str(folder.parent / 'compiled'),
  )
  pretrain.train_and_evaluate(config, folder / 'run', folder.parent / 'data')


def prepare(folder: pathlib.Path) -> None:
  """Likewise, the shards."""
  from datasets import prepare as script

  sys.exit(
      script.main(
          [
              'ir_folder',
              f'--source={folder.parent / "source"}',
              f'--data_dir={folder / "data"}',
              '--processes=1',
          ]
      )
  )


def measure(folder: pathlib.Path) -> None:
  """Likewise, the labels."""
  from mirencoder_jax.measure import __main__ as command

  source, labels = folder.parent / 'source', folder / 'labels.jsonl'
  command.main(['size', str(source), f'--output={labels}', '--per_module=2'])


class Child:
  """One attempt, in a forked process that leads a group of its own.

  What takes long to import was imported before; JAX starts in the child.
  """

  def __init__(self, run, folder: pathlib.Path, jumps: bool = False):
    folder.mkdir(parents=True, exist_ok=True)
    self.log = folder / 'log.txt'
    self.log.write_text('')  # it may be killed before it has opened that
    sys.stdout.flush()
    self.pid = os.fork()
    if self.pid:
      return
    code = 1
    try:
      os.setsid()
      file = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
      os.dup2(file, 1)
      os.dup2(file, 2)
      if jumps:
        _let_time_jump()
      run(folder)
      code = 0
    except SystemExit as error:
      code = error.code or 0
      if isinstance(code, str):
        print(code)
        code = 1
    except BaseException:
      import traceback

      traceback.print_exc()
    finally:
      sys.stdout.flush()
      os._exit(code)

  def poll(self) -> int | None:
    """The exit code, None while it runs."""
    pid, status = os.waitpid(self.pid, os.WNOHANG)
    return None if pid == 0 else os.waitstatus_to_exitcode(status)

  def wait(self) -> int:
    _, status = os.waitpid(self.pid, 0)
    return os.waitstatus_to_exitcode(status)

  def kill(self) -> None:
    """SIGKILL for it and all that it started."""
    with contextlib.suppress(ProcessLookupError):
      os.killpg(self.pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
      os.waitpid(self.pid, 0)


def _let_time_jump() -> None:
  """The wall clock jumps once, as when it is set; `monotonic` does not."""
  real, rng = time.time, random.Random(os.getpid())
  start, after = time.monotonic(), rng.uniform(1, 8)
  jump = rng.choice((-7200, 7200, 86400))
  time.time = lambda: real() + jump * (time.monotonic() - start > after)


class Soak:
  """The folders, what a run left alone makes, and the checks."""

  def __init__(self, output: pathlib.Path, seed: int):
    self.output, self.rng = output, random.Random(seed)
    self.durations: dict[str, float] = {}
    output.mkdir(parents=True, exist_ok=True)
    source = output / 'source'
    if not source.exists():
      _write_source(output)

  def begin(self, kinds: Iterable[str]) -> None:
    """Makes each thing once without a kill; all need what `prepare` makes."""
    (self.output / 'compiled').mkdir(exist_ok=True)
    for kind in dict.fromkeys(('prepare', *kinds)):
      folder = self.output / f'whole_{kind}'
      start = time.monotonic()
      if not (folder / 'done').exists():
        shutil.rmtree(folder, ignore_errors=True)
        child = Child(globals()[kind], folder)
        if child.wait():
          raise SystemExit(child.log.read_text())
        (folder / 'done').write_text(str(time.monotonic() - start))
      self.durations[kind] = float((folder / 'done').read_text())
      if kind == 'prepare' and not (self.output / 'data').exists():
        shutil.copytree(folder / 'data', self.output / 'data')

  def attempt(self, kind: str) -> dict:
    """Starts, kills and looks once; a record of it."""
    folder = self.output / kind
    before = self._state(kind, folder)
    jumps = kind == 'train' and self.rng.random() < 0.5
    child = Child(globals()[kind], folder, jumps)
    start = time.monotonic()
    trigger = self.rng.choice(('time', 'event', 'event'))
    limit = self.rng.uniform(0, 1.2 * self.durations[kind])
    code = None
    while (code := child.poll()) is None:
      if trigger == 'time' and time.monotonic() - start > limit:
        break
      if trigger == 'event' and self._happens(kind, folder, before):
        time.sleep(self.rng.choice((0, 0, 0.01, 0.05, 0.5)))
        break
      time.sleep(0.002)
    if code is None:
      child.kill()
    record = dict(
        kind=kind,
        trigger=trigger,
        seconds=round(time.monotonic() - start, 2),
        jumps=jumps,
        ended=code,
    )
    if code:
      raise AssertionError(
          f'{kind} failed with {code}:\n{child.log.read_text()[-3000:]}'
      )
    record |= getattr(self, f'_check_{kind}')(folder, before, code == 0)
    if code == 0:
      shutil.rmtree(folder)
    return record

  def _state(self, kind: str, folder: pathlib.Path) -> dict:
    if kind == 'train':
      return dict(step=_newest(folder / 'run'), want=self.rng.randrange(1, 60))
    if kind == 'measure':
      return dict(records=_labels(folder), want=self.rng.randrange(1, 5))
    return dict(want=self.rng.choice(('reading', 'shards', 'done')))

  def _happens(self, kind: str, folder: pathlib.Path, before: dict) -> bool:
    """Whether what this attempt waits for is under way."""
    if kind == 'train':
      saving = list(folder.glob('run/checkpoints/*.orbax-checkpoint-tmp*'))
      if before['want'] % 2:
        return bool(saving)
      return _logged(folder / 'run') >= before['step'] + before['want']
    if kind == 'measure':
      path = folder / 'labels.jsonl'
      lines = path.read_bytes().count(b'\n') if path.exists() else 0
      return lines > len(before['records']) + before['want']
    if before['want'] == 'reading':
      return bool(list(folder.glob('data/.reading/*/modules.jsonl')))
    if before['want'] == 'shards':
      return bool(list(folder.glob('data/ir_folder/*incomplete*')))
    return bool(list(folder.glob('data/ir_folder/*/dataset_info.json')))

  def _check_train(self, folder, before, is_done) -> dict:
    run = folder / 'run'
    newest, logged = _newest(run), _logged(run)
    text = folder.joinpath('log.txt').read_text()
    if found := re.search(r'going on after step (\d+)', text):
      # What was the newest checkpoint was restored, and none before it.
      assert int(found[1]) == before['step'], (found[0], before)
    else:
      assert 'starting' not in text or before['step'] == 0, before
    assert newest >= before['step'], (newest, before)
    lost = max(0, logged - newest)
    # The interval that was begun, and the one before it where its checkpoint
    # was still being written. Orbax takes a jump of the clock for a time-out:
    # that checkpoint fails, and the next one is tried.
    failed = text.count('writing a checkpoint to')
    assert lost <= (2 + failed) * INTERVAL, f'{lost} steps are lost'
    if is_done:
      whole = _curve(self.output / 'whole_train' / 'run')
      assert _curve(run) == whole, 'another curve'
    return dict(lost=lost, step=newest, failed_saves=failed)

  def _check_prepare(self, folder, before, is_done) -> dict:
    del before
    found = _content(folder / 'data')
    expected = _content(self.output / 'whole_prepare' / 'data')
    assert found is not None or not is_done
    assert found in (None, expected), f'{found}, not {expected}'
    rest = [p.name for p in folder.glob('data/ir_folder/*incomplete*')]
    assert len(rest) < 3, f'{rest} are left'
    return dict(whole=found is not None)

  def _check_measure(self, folder, before, is_done) -> dict:
    records = _labels(folder)
    for name, record in before['records'].items():
      assert records[name] == record, f'{name} was lost or is another'
    if is_done:
      assert records == _labels(self.output / 'whole_measure')
    return dict(records=len(records))


def _write_source(output: pathlib.Path) -> None:
  """Some small modules of the starter corpus."""
  aside = output / 'source.part'
  shutil.rmtree(aside, ignore_errors=True)
  with tarfile.open(STARTER) as tar:
    members = [m for m in tar if m.name.endswith('.ll')]
    members.sort(key=lambda member: (member.size, member.name))
    for member in members[: 5 * NUM_MODULES : 5]:
      path = aside / member.name
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_bytes(tar.extractfile(member).read())
  aside.rename(output / 'source')


def _newest(run: pathlib.Path) -> int:
  from mirencoder_jax.storage import checkpoint

  try:
    return max(int(path.name) for path in checkpoint.find(run))
  except checkpoint.CheckpointError:
    return 0


def _lines(run: pathlib.Path) -> list[str]:
  path = run / 'metrics.jsonl'
  if not path.exists():
    return []
  return path.read_text().splitlines(keepends=True)


def _logged(run: pathlib.Path) -> int:
  """The last step that was logged whole."""
  for line in reversed(_lines(run)):
    if line.endswith('\n') and 'train/loss' in line:
      return json.loads(line)['step']
  return 0


def _curve(run: pathlib.Path) -> list[str]:
  # A run that is started again when it is done is evaluated again.
  lines = [line for line in _lines(run) if 'speed/' not in line]
  return list(dict.fromkeys(lines))


def _labels(folder: pathlib.Path) -> dict[str, dict]:
  from mirencoder_jax.measure import label_file

  path = folder / 'labels.jsonl'
  return label_file.read_labels(path)[1] if path.exists() else {}


def _content(data: pathlib.Path) -> str | None:
  """As `_read_content`, in a process of its own.

  array_record starts threads, and who forks must have none.
  """
  reader, writer = os.pipe()
  pid = os.fork()
  if not pid:
    answer = 'failed'
    try:
      os.close(reader)
      answer = _read_content(data)
    except BaseException as error:
      answer = repr(error)
    finally:
      os.write(writer, json.dumps(answer).encode())
      os._exit(0)
  os.close(writer)
  with open(reader) as file:
    answer = file.read()
  os.waitpid(pid, 0)
  return json.loads(answer)


def _read_content(data: pathlib.Path) -> str | None:
  """Hash of all examples, read; None where nothing is prepared."""
  from mirencoder_jax.data import packed_dataset

  try:
    builder = packed_dataset.open_builder('ir_folder', data)
  except FileNotFoundError:
    return None
  packed_dataset.read_vocab(builder)
  for split in builder.info.splits:
    source = packed_dataset.PreparedSource(builder, split)
    source.__getitems__(range(len(source)))
  # Written behind the shards: a kill between costs the report, not them.
  path = pathlib.Path(builder.data_dir) / 'report.json'
  expected = packed_dataset.shards.content_hash(builder)
  return expected if path.exists() else 'no report'


def fill_disk(soak: Soak) -> list[dict]:
  """Runs each on a disk that is full, then with room."""
  records = []
  for kind in KINDS:
    mount = soak.output / 'disk'
    mount.mkdir(exist_ok=True)
    # Too little for what is written, enough for a part of it.
    room = dict(train='900k', prepare='300k', measure='4k')[kind]
    command = ['mount', '-t', 'tmpfs', '-o', f'size={room}', 'none', mount]
    subprocess.run(command, check=True)
    try:
      for name in ('source', 'data', 'compiled'):
        if not (soak.output / name).exists():
          raise SystemExit(f'no {soak.output / name}')
      folder = soak.output / kind
      shutil.rmtree(folder, ignore_errors=True)
      folder.mkdir()
      inner = {'train': 'run', 'prepare': 'data', 'measure': None}[kind]
      if inner is None:
        (folder / 'labels.jsonl').symlink_to(mount.resolve() / 'labels.jsonl')
      else:
        (folder / inner).symlink_to(mount.resolve())
      child = Child(globals()[kind], folder)
      deadline = time.monotonic() + 20 * soak.durations[kind] + 120
      is_told, code = False, None
      while code is None and time.monotonic() < deadline and not is_told:
        time.sleep(0.2)
        code = child.poll()
        text = child.log.read_text(errors='replace')
        # The end of a training waits for room, and says so.
        is_told = 'waiting for room' in text
      said = [x for x in text.splitlines() if re.search('room|space|full', x)]
      records.append(dict(kind=kind, full=room, ended=code, said=said[:1]))
      assert said, text[-2000:]
      assert 'Traceback' not in text, text[-2000:]
      subprocess.run(['mount', '-o', 'remount,size=200m', mount], check=True)
      if code is None:
        code = child.wait()
      else:
        assert code, 'ended as if all were well'
        child = Child(globals()[kind], folder)
        code = child.wait()
      assert code == 0, child.log.read_text()[-2000:]
      before = soak._state(kind, folder)
      if kind == 'train':
        assert _newest(folder / 'run') == NUM_STEPS
        whole = _curve(soak.output / 'whole_train' / 'run')
        assert _curve(folder / 'run') == whole, 'another curve'
      else:
        getattr(soak, f'_check_{kind}')(folder, before, True)
      shutil.rmtree(folder)
    finally:
      subprocess.run(['umount', '-l', mount], check=True)
    print(json.dumps(records[-1]), flush=True)
  return records


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
  parser.add_argument('--output', type=pathlib.Path, required=True)
  parser.add_argument('--what', choices=(*KINDS, 'disk'), action='append')
  parser.add_argument('--minutes', type=float, default=10.0)
  parser.add_argument('--kills', type=int, default=10**9)
  parser.add_argument('--seed', type=int, default=0)
  args = parser.parse_args()
  args.output = args.output.resolve()
  os.environ['JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS'] = '0'
  os.environ['JAX_DISABLE_MOST_OPTIMIZATIONS'] = '1'
  resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
  for name in (
      'datasets.prepare',
      'mirencoder_jax.measure.__main__',
      'mirencoder_jax.training.pretrain',
  ):
    importlib.import_module(name)  # before the forks
  path = args.output / 'kills.jsonl'
  before = path.read_text().splitlines() if path.exists() else []
  soak = Soak(args.output, args.seed + len(before))
  what = args.what or KINDS
  soak.begin(KINDS if 'disk' in what else what)
  if 'disk' in what:
    with path.open('a') as file:
      for record in fill_disk(soak):
        file.write(json.dumps(record) + '\n')
    what = [kind for kind in what if kind != 'disk']
  end = time.monotonic() + 60 * args.minutes
  number = 0
  while what and time.monotonic() < end and number < args.kills:
    record = soak.attempt(what[number % len(what)])
    with path.open('a') as file:
      file.write(json.dumps(record) + '\n')
    number += 1
  summary = collections.defaultdict(collections.Counter)
  for line in path.read_text().splitlines():
    record = json.loads(line)
    counter = summary[record['kind']]
    if 'full' in record:
      counter['full disks'] += 1
      continue
    counter['kills' if record['ended'] is None else 'ended'] += 1
    lost = record.get('lost', 0)
    counter['jumps of the clock'] += record['jumps']
    counter['saves that failed'] += record.get('failed_saves', 0)
    counter['over an interval lost'] += lost > INTERVAL
    counter['most steps lost'] = max(counter['most steps lost'], lost)
  for kind, counter in summary.items():
    print(kind, dict(counter))


if __name__ == '__main__':
  main()
