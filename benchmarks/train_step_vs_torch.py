"""Training step of a named size beside the same transformer in PyTorch, on CPU.

    python benchmarks/train_step_vs_torch.py [--torch_python=PATH]

Both do one AdamW step of masked language modelling with the token encoder:
packed rows, attention inside windows (PyTorch: its fused attention with a
mask), scores only at the masked places, float32. The two take turns, so that
other load on the machine meets both; the medians of tokens per CPU-second and
their ratio are printed, for one thread and for two. `full` is our whole step:
tokens, graph and all objectives.

PyTorch is no dependency of ours; --torch_python names an interpreter that has
it (torch and numpy suffice), by default this one.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SIDES = ('jax', 'torch', 'full')
MASK_RATE = 0.15


def parse_args():
  parser = argparse.ArgumentParser()
  parser.add_argument(
      '--size', default='small_tokens', help='of configs/models.py'
  )
  parser.add_argument('--num_rows', type=int, default=8)
  parser.add_argument('--num_tokens', type=int, default=512, help='of a row')
  parser.add_argument('--threads', type=int, nargs='*', default=[1, 2])
  parser.add_argument('--rounds', type=int, default=7)
  parser.add_argument('--sides', nargs='*', default=SIDES, choices=SIDES)
  parser.add_argument('--torch_python', default=sys.executable)
  parser.add_argument('--child', help=argparse.SUPPRESS)
  return parser.parse_args()


def make_rows(num_rows, num_tokens, vocab_size):
  """Rows filled with windows; their lengths are those of functions we saw."""
  import numpy as np

  rng = np.random.default_rng(0)
  segment = np.zeros((num_rows, num_tokens), np.int32)
  for row in segment:
    start, number = 0, 0
    while start < num_tokens:
      length = min(int(rng.lognormal(np.log(420), 1.2)) + 8, num_tokens)
      number += 1
      row[start : start + length] = number
      start += length
  tokens = rng.integers(5, vocab_size, segment.shape).astype(np.int32)
  places = rng.permutation(segment.size)[: int(MASK_RATE * segment.size)]
  position = np.tile(np.arange(num_tokens, dtype=np.int32), (num_rows, 1))
  return tokens, segment, position, places


def jax_step(config, rows):
  """Returns a function that does one step of the token encoder."""
  import jax
  import optax
  from flax import linen as nn

  from mirencoder_jax.models import token_encoder

  tokens, segment, position, places = rows

  class MaskedLanguageModel(nn.Module):

    @nn.compact
    def __call__(self, tokens, segment, position, places):
      embedding = nn.Embed(
          config.vocab_size,
          config.width,
          embedding_init=nn.initializers.normal(0.02),
      )
      x = token_encoder.TokenEncoder(
          config.token_layers, config.num_heads, config.token_dense_ratio
      )(embedding(tokens), segment, position, deterministic=True)
      x = x.reshape(-1, config.width)[places]
      x = nn.LayerNorm()(jax.nn.gelu(nn.Dense(config.width)(x)))
      bias = self.param('bias', nn.initializers.zeros, (config.vocab_size,))
      return embedding.attend(x) + bias

  model = MaskedLanguageModel()
  inputs = (tokens, segment, position, places)
  targets = tokens.reshape(-1)[places]
  params = jax.jit(model.init)(jax.random.key(0), *inputs)
  optimizer = optax.adamw(1e-4)
  state = (params, optimizer.init(params))

  def step(state):
    params, moments = state

    def loss_of(params):
      return optax.softmax_cross_entropy_with_integer_labels(
          model.apply(params, *inputs), targets
      ).mean()

    loss, gradient = jax.value_and_grad(loss_of)(params)
    updates, moments = optimizer.update(gradient, moments, params)
    return (optax.apply_updates(params, updates), moments), loss

  return run_jitted(step, state)


def full_step(config, rows, num_tokens):
  """Returns a function that does one step of the whole pre-training."""
  import jax
  import jax.numpy as jnp
  import optax
  import testing

  from mirencoder_jax import objectives
  from mirencoder_jax.data import batch as batch_lib

  num_rows = rows[0].size // num_tokens
  # Nodes and edges for each token as measured on raw IR.
  budget = batch_lib.Budget(
      num_rows=num_rows,
      num_tokens=num_tokens,
      num_nodes=rows[0].size // 4,
      num_edges=rows[0].size * 3 // 7,
      num_graphs=rows[0].size // 256 + 1,
      num_texts=rows[0].size // 16,
      num_text_tokens=rows[0].size // 4,
  )
  batch = jax.tree.map(
      jnp.asarray, testing.random_batch(budget, 1, config.vocab_size)
  )
  model = objectives.PretrainingModel(config)
  params = jax.jit(
      lambda rng: model.init(rng, batch_lib.merge(batch), deterministic=True)
  )(jax.random.key(0))['params']
  optimizer = optax.adamw(1e-4)
  state = (params, optimizer.init(params), jax.random.key(1))
  losses_config = objectives.ObjectivesConfig()
  weights = objectives.loss_weights(losses_config)

  def step(state):
    params, moments, rng = state
    rng, step_rng = jax.random.split(rng)

    def loss_of(params):
      losses, metrics = objectives.pretraining_losses(
          model, params, batch, step_rng, losses_config
      )
      total = sum(
          weight * losses[k][0] / jnp.maximum(losses[k][1], 1)
          for k, weight in weights.items()
      )
      return total, metrics

    (loss, metrics), gradient = jax.value_and_grad(loss_of, has_aux=True)(
        params
    )
    updates, moments = optimizer.update(gradient, moments, params)
    params = optax.apply_updates(params, updates)
    return (params, moments, rng), (loss, metrics)

  return run_jitted(step, state)


def run_jitted(step, state):
  """Compiles `step` and hides its state."""
  import jax

  step = jax.jit(step, donate_argnums=0)
  box = [state]

  def run():
    box[0], result = step(box[0])
    jax.block_until_ready((box[0], result))

  return run


def torch_step(config, rows, num_threads):
  """Returns a function that does one step of the same model in PyTorch."""
  import torch
  from torch import nn
  from torch.nn import functional as F

  torch.set_num_threads(num_threads)
  tokens, segment, position, places = (torch.as_tensor(x).long() for x in rows)
  width, heads = config['width'], config['num_heads']
  features = width // heads

  class Layer(nn.Module):

    def __init__(self):
      super().__init__()
      self.attention_norm = nn.LayerNorm(width)
      self.query_key_value = nn.Linear(width, 3 * width, bias=False)
      self.attention_out = nn.Linear(width, width, bias=False)
      self.dense_norm = nn.LayerNorm(width)
      self.dense_in = nn.Linear(width, config['token_dense_ratio'] * width)
      self.dense_out = nn.Linear(config['token_dense_ratio'] * width, width)

    def forward(self, x, cos, sin, mask):
      shape = x.shape[:2]
      y = self.query_key_value(self.attention_norm(x))
      query, key, value = y.view(*shape, 3, heads, features).unbind(2)

      def rotate(y):
        first, second = y.chunk(2, -1)
        return torch.cat(
            [first * cos - second * sin, second * cos + first * sin], -1
        )

      y = F.scaled_dot_product_attention(
          rotate(query).transpose(1, 2),
          rotate(key).transpose(1, 2),
          value.transpose(1, 2),
          attn_mask=mask,
      )
      x = x + self.attention_out(y.transpose(1, 2).reshape(x.shape))
      y = F.gelu(self.dense_in(self.dense_norm(x)), approximate='tanh')
      return x + self.dense_out(y)

  class MaskedLanguageModel(nn.Module):

    def __init__(self):
      super().__init__()
      self.embedding = nn.Embedding(config['vocab_size'], width)
      nn.init.normal_(self.embedding.weight, std=0.02)
      self.embedding_norm = nn.LayerNorm(width)
      self.layers = nn.ModuleList(
          Layer() for _ in range(config['token_layers'])
      )
      self.norm = nn.LayerNorm(width)
      self.decoder = nn.Linear(width, width)
      self.decoder_norm = nn.LayerNorm(width)
      self.bias = nn.Parameter(torch.zeros(config['vocab_size']))

    def forward(self, tokens, segment, position, places):
      frequency = 1e4 ** (-torch.arange(0, features, 2) / features)
      angle = (position[..., None] * frequency)[:, :, None]
      cos, sin = angle.cos(), angle.sin()
      mask = segment[:, None, :, None] == segment[:, None, None, :]
      x = self.embedding_norm(self.embedding(tokens))
      for layer in self.layers:
        x = layer(x, cos, sin, mask)
      x = self.norm(x).reshape(-1, width)[places]
      x = self.decoder_norm(F.gelu(self.decoder(x), approximate='tanh'))
      return F.linear(x, self.embedding.weight, self.bias)

  torch.manual_seed(0)
  model = MaskedLanguageModel()
  targets = tokens.reshape(-1)[places]
  optimizer = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)

  def run():
    optimizer.zero_grad()
    scores = model(tokens, segment, position, places)
    F.cross_entropy(scores, targets).backward()
    optimizer.step()

  return run


def run_child(args):
  """Answers every line on stdin by the seconds of one step."""
  job = json.loads(args.child)
  num_threads, config = job['threads'], job['config']
  os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:num_threads])
  rows = make_rows(args.num_rows, args.num_tokens, config['vocab_size'])
  if job['side'] == 'torch':
    run = torch_step(config, rows, num_threads)
  else:
    from mirencoder_jax.models import mirencoder

    config = mirencoder.MIREncoderConfig(**config)
    if job['side'] == 'jax':
      run = jax_step(config, rows)
    else:
      run = full_step(config, rows, args.num_tokens)
  for _ in range(2):
    run()
  print('ready', flush=True)
  for _ in sys.stdin:
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps([cpu, wall]), flush=True)


def compare(args, config, num_threads):
  """Lets the sides take turns; returns their tokens a CPU-second and second."""
  children = {}
  for side in args.sides:
    job = json.dumps({'side': side, 'threads': num_threads, 'config': config})
    python = args.torch_python if side == 'torch' else sys.executable
    child = subprocess.Popen(
        [python, os.path.abspath(__file__)]
        + [f'--num_rows={args.num_rows}', f'--num_tokens={args.num_tokens}']
        + ['--child', job],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {'PYTHONPATH': str(ROOT)},
    )
    if child.stdout.readline().strip() != 'ready':
      print(f'{side}: could not be run (is it installed?)')
      continue
    children[side] = child
  seconds = {side: [] for side in children}
  for _ in range(args.rounds):
    for side, child in children.items():
      print('go', file=child.stdin, flush=True)
      seconds[side].append(json.loads(child.stdout.readline()))
  for child in children.values():
    child.stdin.close()
    child.wait()
  num_tokens = args.num_rows * args.num_tokens
  return {
      side: [
          num_tokens / statistics.median(values)
          for values in zip(*pairs, strict=True)
      ]
      for side, pairs in seconds.items()
  }


def main():
  args = parse_args()
  if args.child:
    run_child(args)
    return
  from configs import models

  config = vars(mirencoder.MIREncoderConfig(**models.MODELS[args.size]))
  print(f'{args.size}, {args.num_rows} rows of {args.num_tokens} tokens')
  for num_threads in args.threads:
    speeds = compare(args, config, num_threads)
    for side, (per_cpu, per_second) in speeds.items():
      print(
          f'{num_threads} threads {side:6s} {per_cpu:7.0f} tokens/CPU-second'
          f' {per_second:7.0f} tokens/s'
      )
    if {'jax', 'torch'} <= speeds.keys():
      ratio = speeds['jax'][0] / speeds['torch'][0]
      print(f'{num_threads} threads jax / torch = {ratio:.2f}', flush=True)


if __name__ == '__main__':
  sys.path.insert(0, str(ROOT))  # where `configs` and the library are
  main()
