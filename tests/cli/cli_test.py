"""The command line: what is printed, exit codes, and errors a person reads."""

import contextlib
import dataclasses
import importlib.util
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from unittest import mock

import huggingface_hub
import numpy as np
import testing_encoder
from absl.testing import absltest, parameterized
from testing_encoder import AXPY, SQUARE

import mirencoder_jax as mir
from mirencoder_jax import cli
from mirencoder_jax.cli import console, program
from mirencoder_jax.frontend import compilers


def run(*words: str) -> tuple[int, str, str]:
  """Exit code, stdout and stderr of a command."""
  out, err = io.StringIO(), io.StringIO()
  with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
    code = cli.main(words)
  return code, out.getvalue(), err.getvalue()


class CommandLineTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.folder = pathlib.Path(
        cls.enterClassContext(tempfile.TemporaryDirectory())
    )
    cls.encoder = testing_encoder.create_encoder()
    cls.weights = str(cls.folder / 'weights')
    testing_encoder.save_encoder(cls.encoder, cls.weights)
    ir = cls.folder / 'ir'
    ir.mkdir()
    (ir / 'axpy.ll').write_text(AXPY)
    (ir / 'square.ll').write_text(SQUARE)
    (cls.folder / 'both.ll').write_text(AXPY + SQUARE)
    (cls.folder / 'broken.ll').write_text('define void @f() {\n  nonsense\n}\n')
    cls.axpy, cls.square = str(ir / 'axpy.ll'), str(ir / 'square.ll')
    cls.ir = str(ir)

  def run_well(self, *words):
    code, out, err = run(*words, '-c', self.weights)
    self.assertEqual(code, console.OK, err)
    return out

  def test_embed_keeps_what_the_library_gives(self):
    path = str(self.folder / 'vectors.npz')
    self.run_well('embed', self.ir, '-o', path)
    found = mir.read_vectors(path)
    self.assertEqual(found.functions, ['axpy', 'square'])
    self.assertEqual(found.files, [self.axpy, self.square])
    encoder = mir.load(self.weights)
    np.testing.assert_allclose(
        found.vectors,
        encoder.embed([self.axpy, self.square], 'function'),
        atol=1e-5,
    )

  def test_embed_prints_json(self):
    out = self.run_well(
        'embed', self.axpy, '--level', 'module', '--modality', 'all', '--json'
    )
    document = json.loads(out)
    self.assertEqual(document['level'], 'module')
    (row,) = document['rows']
    self.assertLen(row['vector'], 3 * self.encoder.width)
    self.assertEqual(row['num_instructions'], 13)

  def test_one_bad_file_does_not_stop_the_others(self):
    broken, missing = str(self.folder / 'broken.ll'), 'missing.ll'
    code, out, err = run(
        'embed', self.axpy, broken, missing, '--json', '-c', self.weights
    )
    self.assertEqual(code, console.PARTLY)
    document = json.loads(out)
    self.assertLen(document['rows'], 1)
    self.assertEqual([e['file'] for e in document['errors']], [broken, missing])
    self.assertIn('2 of 3 files could not be read', err)
    self.assertIn(f'{broken}:2: ', err)

  def test_inspect_shows_pieces_and_draws(self):
    dot, page = self.folder / 'g.dot', self.folder / 'g.html'
    out = self.run_well(
        'inspect', self.axpy, '--dot', str(dot), '--html', str(page),
        '--lines', '3',
    )  # fmt: skip
    self.assertRegex(out, r'axpy +13 +3 ')
    self.assertIn('b1: %0 phi i64', out)
    self.assertIn('... 10 more', out)
    self.assertStartsWith(dot.read_text(), 'digraph')
    self.assertIn('fmul float', page.read_text())

  def test_inspect_without_weights_has_no_pieces(self):
    code, out, err = run('inspect', self.square, '-c', 'nothing', '--json')
    self.assertEqual(code, console.OK)
    self.assertIn('without pieces', err)
    (function,) = json.loads(out)['functions']
    self.assertEqual(function['nodes']['instruction'], 3)  # and the root
    self.assertEqual(function['num_tokens'], 0)

  def test_compare_pairs_functions(self):
    both = str(self.folder / 'both.ll')
    document = json.loads(self.run_well('compare', both, self.axpy, '--json'))
    (pair,) = document['pairs']
    self.assertEqual((pair['a'], pair['b']), ('axpy', 'axpy'))
    self.assertAlmostEqual(pair['similarity'], 1, places=4)
    self.assertIsNone(pair['runner_up'])
    self.assertEqual(document['only_a'], ['square'])
    self.assertIn('only in', self.run_well('compare', both, self.axpy))

  def test_search_in_vectors_and_in_a_folder(self):
    corpus = str(self.folder / 'corpus.npz')
    self.run_well('embed', self.ir, '-o', corpus)
    for place in (corpus, self.ir):
      out = self.run_well('search', f'{self.axpy}:axpy', place, '--json')
      (query,) = json.loads(out)['queries']
      self.assertEqual(query['hits'][0]['function'], 'axpy')
      self.assertLen(query['hits'], 2)

  def test_index_is_appended_to_and_searched(self):
    if not importlib.util.find_spec('usearch'):
      self.skipTest('usearch is not installed')
    index, one = str(self.folder / 'index'), self.folder / 'one'
    one.mkdir()
    (one / 'axpy.ll').write_text(AXPY)
    words = ['index', str(one), '--out', index, '--json']
    done = [json.loads(self.run_well(*words))]
    (one / 'square.ll').write_text(SQUARE)
    (one / 'bad.ll').write_text('nonsense')
    code, out, err = run(*words, '-c', self.weights)
    self.assertEqual((code, 'bad.ll' in err), (console.PARTLY, True))
    done.append(json.loads(out))
    vectors = str(self.folder / 'to_index.npz')
    self.run_well('embed', self.ir, '-o', vectors)
    done.append(json.loads(self.run_well('index', vectors, *words[2:])))
    self.assertEqual(
        [
            [d[k] for k in ('new', 'changed', 'unchanged', 'vectors')]
            for d in done
        ],
        [[1, 0, 0, 1], [1, 0, 1, 2], [2, 0, 0, 4]],
    )
    for more in ((), ('--exact',)):
      out = self.run_well('search', self.square, index, '--json', *more)
      found = json.loads(out)
      self.assertEqual(found['is_exact'], bool(more))
      hits = found['queries'][0]['hits']
      self.assertEqual([h['function'] for h in hits[:2]], ['square'] * 2)
      self.assertAlmostEqual(hits[0]['similarity'], 1, places=2)
    code, _, err = run('index', vectors, '--out', self.ir)
    self.assertEqual(code, console.FAILED)
    self.assertIn('is there and no index', err)

  def test_map(self):
    vectors, page = str(self.folder / 'map.npz'), self.folder / 'map.html'
    text = (
        'define void @axpy() !dbg !3 {\n  ret void, !dbg !4\n}\n'
        '!llvm.dbg.cu = !{!2}\n!llvm.module.flags = !{!0}\n'
        '!0 = !{i32 2, !"Debug Info Version", i32 3}\n'
        '!1 = !DIFile(filename: "a.c", directory: "")\n'
        '!2 = distinct !DICompileUnit(language: DW_LANG_C99, file: !1)\n'
        '!3 = distinct !DISubprogram(name: "axpy", unit: !2, file: !1, '
        'spFlags: DISPFlagDefinition)\n'
        '!4 = !DILocation(line: 41, scope: !3)\n'
    )
    (self.folder / 'debug.ll').write_text(text)
    files = [str(self.folder / name) for name in ('debug.ll', 'both.ll')]
    self.run_well('embed', *files, '-o', vectors)
    code, out, err = run(
        'map', vectors, '--html', str(page), '--lines', '--json'
    )
    self.assertEqual(code, console.OK, err)
    self.assertEqual(json.loads(out)['points'], 3)
    data = re.search(r'<script type="application/json".*?>(.*?)</',
                     page.read_text())[1]  # fmt: skip
    data = json.loads(data)
    self.assertEqual(data['functions'], ['axpy', 'axpy', 'square'])
    self.assertEqual(data['line'], [41, 0, 0])
    code, _, err = run('map', 'no.npz', '--html', str(page))
    self.assertEqual((code, 'no no.npz' in err), (console.FAILED, True))

  def test_what_was_cut_is_said_of_vectors_in_a_file(self):
    path = str(self.folder / 'cut.npz')
    self.run_well('embed', self.ir, '-o', path)
    known = mir.read_vectors(path)
    known.cut_tokens[1] = 1234
    known.save(path)
    out = self.run_well('search', self.square, path)
    self.assertRegex(out, r'tokens cut(.|\n)*1,?234')
    page = self.folder / 'cut.html'
    code, _, err = run('map', path, '--html', str(page))
    self.assertEqual(code, console.OK, err)
    self.assertIn('1 of them without tokens that were cut', err)
    self.assertIn('without tokens that were cut', page.read_text())

  def test_a_function_of_standard_input(self):
    piped = io.TextIOWrapper(io.BytesIO((AXPY + SQUARE).encode()))
    with mock.patch.object(sys, 'stdin', piped):
      out = self.run_well('search', '-:square', self.ir, '--json')
    (query,) = json.loads(out)['queries']
    self.assertEqual(query['function'], 'square')

  def test_standard_input(self):
    done = []
    for words in (
        ['embed', '-', '--json'],
        ['inspect', '-', '--json'],
        ['search', '-', self.ir, '--json'],
        ['compare', '-', self.axpy, '--json'],
    ):
      piped = io.TextIOWrapper(io.BytesIO(AXPY.encode()))
      with mock.patch.object(sys, 'stdin', piped):
        done.append(json.loads(self.run_well(*words)))
    embedded, inspected, searched, compared = done
    self.assertEqual(embedded['rows'][0]['function'], 'axpy')
    self.assertEqual(inspected['functions'][0]['name'], 'axpy')
    self.assertEqual(searched['queries'][0]['hits'][0]['function'], 'axpy')
    self.assertAlmostEqual(compared['module_similarity'], 1, places=4)
    with mock.patch.object(sys, 'stdin', io.TextIOWrapper(io.BytesIO())):
      code, _, err = run('embed', '-', '-c', self.weights)
    self.assertEqual(code, console.FAILED)
    self.assertIn('error: <stdin>: standard input is empty', err)

  def test_what_is_left_of_a_folder_is_said(self):
    folder = self.folder / 'mixed'
    folder.mkdir()
    (folder / 'a.ll').write_text(AXPY)
    (folder / 'b.c').write_text('int f(void);')
    (folder / 'gone.ll').symlink_to('nowhere')
    os.mkfifo(folder / 'pipe.bc')
    code, out, err = run('inspect', str(folder), '-c', self.weights)
    self.assertEqual(code, console.OK, err)
    self.assertIn('left 1 source (', err)
    self.assertRegex(err, r'left what is no file: .*gone.ll, .*pipe.bc')
    self.assertRegex(out, r'mixed/a.ll +1 +13 ')

  def test_inspect_a_folder(self):
    document = json.loads(self.run_well('inspect', self.ir, '--json'))
    self.assertEqual(
        [f['file'] for f in document['files']], [self.axpy, self.square]
    )
    code, _, err = run('inspect', self.ir, '--function', 'f')
    self.assertEqual(code, console.FAILED)
    self.assertIn('take one file', err)

  def test_readable_names_are_shown_and_accepted(self):
    path = self.folder / 'rust.ll'
    symbol = '_ZN4spmv3Csr4spmv17h69d9c86e2f95bab4E'
    path.write_text(AXPY.replace('axpy', symbol))
    out = self.run_well('embed', str(path))
    self.assertIn('  spmv::Csr::spmv  ', out)
    out = self.run_well('inspect', str(path), '--function', 'spmv::Csr::spmv')
    self.assertIn('spmv::Csr::spmv, as it is read', out)
    out = self.run_well('search', f'{path}:spmv::Csr::spmv', self.ir, '--json')
    (query,) = json.loads(out)['queries']
    self.assertEqual(query['function'], symbol)

  def test_source_names_its_compiler(self):
    source = self.folder / 'square.c'
    source.write_text('int square(int x) { return x * x; }')
    fake = compilers.Compiled(
        str(source),
        SQUARE,
        compilers.Compiler('clang', ('clang',), '19.1.7'),
        ('clang', '-O1', str(source)),
        '',
    )
    with mock.patch.object(compilers, 'compile_source', return_value=fake):
      code, out, err = run('embed', str(source), '-c', self.weights)
    self.assertEqual(code, console.OK)
    self.assertIn('compiled', err)
    self.assertIn(f'clang 19.1.7: clang -O1 {source}', err)
    self.assertIn('square', out)

  def test_export_makes_weights_that_embed_the_same(self):
    target = str(self.folder / 'exported')
    code, out, _ = run('export', self.weights, target, '--name', 'mine')
    self.assertEqual(code, console.OK)
    self.assertIn('parameters of step 7', out)
    card = (pathlib.Path(target) / 'MODEL_CARD.md').read_text()
    self.assertIn('# Model card: mine', card)
    self.assertIn(f'mir.load({target!r})', card)
    self.assertIn('None was named for these weights', card)
    self.assertNotIn('apache', card.lower())
    self.assertEqual(
        mir.load(target).fingerprint, mir.load(self.weights).fingerprint
    )
    np.testing.assert_array_equal(
        mir.load(target).embed(SQUARE), mir.load(self.weights).embed(SQUARE)
    )

  def test_card_names_what_loads_the_weights_and_the_licence_given(self):
    """Also of a folder called `weights/NAME`, which ships nowhere."""
    target = self.folder / 'weights' / 'mine'
    run('export', self.weights, str(target), '--licence', 'CC-BY-4.0')
    text = (target / 'MODEL_CARD.md').read_text()
    (path,) = re.findall(r"mir.load\('(.*?)'\)", text)
    self.assertEqual(mir.load(path).width, 16)
    card = huggingface_hub.ModelCard(text)
    self.assertEqual(card.data.license, 'cc-by-4.0')
    self.assertEqual(card.data.library_name, 'mirencoder_jax')
    self.assertIn('Weights: CC-BY-4.0.', text)

  @parameterized.parameters(
      (('embed', 'nowhere.ll'), console.FAILED, 'nowhere.ll: there is no such'),
      (('embed', '{axpy}', '-c', 'huge'), console.FAILED, "named 'huge'"),
      (('embed', '{axpy}', '-o', 'v.txt'), console.FAILED, '.npz or .parquet'),
      (('embd', 'x'), console.USAGE, 'command embd (did you mean embed?)'),
      (('embed', '{axpy}', '--levl=x'), console.USAGE, 'you mean --level?'),
      (('embed', 'x', '--chekpoint', 'y'), console.USAGE, 'mean --checkpoint?'),
      (('embed', 'x', '--level', 'modle'), console.USAGE, 'mean module?'),
      (('embed',), console.USAGE, "missing argument 'FILE...'"),
      (('--versoin',), console.USAGE, 'mean --version?'),
      (('inspect', '{axpy}', '--function', 'g'), console.FAILED, 'axpy'),
      (('search', '{axpy}', 'no.npz'), console.FAILED, 'no no.npz; `mirenc'),
      (('search', '{axpy}:axp', '{ir}'), console.FAILED, 'there are axpy'),
      (('search', '{axpy}', '{ir}', '--hits', '0'), console.FAILED, 'least 1'),
      (('compare', '{axpy}', '{ir}'), console.FAILED, 'search FILE'),
      (('compare', '{axpy}', 'gone.ll'), console.FAILED, 'gone.ll: there is'),
      ((), console.USAGE, ''),
  )
  def test_errors_are_one_sentence(self, words, expected, message):
    words = [w.format(axpy=self.axpy, ir=self.ir) for w in words]
    if expected == console.FAILED and '-c' not in words:
      words += ['-c', self.weights]
    code, out, err = run(*words)
    self.assertEqual(code, expected)
    self.assertIn(message, err)
    self.assertNotIn('Traceback', err)
    if expected == console.FAILED:
      self.assertEqual(out, '')
      self.assertStartsWith(err.splitlines()[-1], 'error: ')

  def test_a_full_disk_behind_stdout(self):
    full = pathlib.Path('/dev/full')
    if not full.exists():
      self.skipTest('there is no /dev/full')
    err = io.StringIO()
    with (
        full.open('w') as out,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
      code = cli.main(['inspect', self.axpy, '-c', self.weights])
    self.assertEqual(code, console.FAILED)
    self.assertIn('error: standard output: No space left', err.getvalue())

  def test_debug_raises(self):
    with self.assertRaises(mir.IRError):
      run('compare', 'gone.ll', self.axpy, '--debug', '-c', self.weights)

  def test_vectors_of_two_encoders_are_not_compared(self):
    path = self.folder / 'other.npz'
    self.run_well('embed', self.ir, '-o', str(path))
    own = mir.read_vectors(path)
    dataclasses.replace(own, encoder='another').save(path)
    code, _, err = run('search', self.axpy, str(path), '-c', self.weights)
    self.assertEqual(code, console.FAILED)
    self.assertIn('with the same --checkpoint', err)

  def test_help_begins_with_examples_that_parse(self):
    code, out, _ = run('--help')
    self.assertEqual(code, console.OK)
    self.assertStartsWith(out, 'examples:\n  mirencoder ')
    for name, command in program.all_commands().items():
      code, out, _ = run(name, '--help')
      self.assertEqual(code, console.OK)
      self.assertStartsWith(out, 'examples:\n  mirencoder ')
      self.assertRegex(out, r'In\s+Python:')
      self.assertNotEmpty(command.examples)
      for example in command.examples:
        words = example.partition(' >> ')[0].split()[1:]
        named = program.all_commands()[words[0]]
        self.assertNotEmpty(named.make_context('mirencoder', words[1:]).params)

  def test_a_new_file_is_a_command(self):
    commands = self.folder / 'commands'
    commands.mkdir()
    (commands / 'count_files.py').write_text(
        'import click\n'
        'from mirencoder_jax.cli import console, options\n'
        "@options.command(examples=('mirencoder count-files x',), call='len')\n"
        "@click.argument('paths', nargs=-1)\n"
        'def command(paths, as_json, is_quiet):\n'
        '  """Count files. Or not."""\n'
        '  console.show(str(len(paths)))\n'
        '  return console.OK\n'
    )
    with mock.patch.object(
        program.commands,
        '__path__',
        [*program.commands.__path__, str(commands)],
    ):
      self.assertEqual(run('count-files', 'a', 'b'), (console.OK, '2\n', ''))
      self.assertRegex(run('--help')[1], r'count-files +Count files\n')

  @parameterized.parameters('bash', 'zsh', 'fish')
  def test_completion(self, shell):
    code, script, _ = run('completion', shell)
    self.assertEqual(code, console.OK)
    self.assertIn('_MIRENCODER_COMPLETE', script)
    words = ['mirencoder', 'embed', '--le']
    typed = {'COMP_WORDS': ' '.join(words), 'COMP_CWORD': '2'}
    if shell == 'fish':
      typed['COMP_CWORD'] = '--le'
    done = subprocess.run(
        [sys.executable, '-m', 'mirencoder_jax'],
        env=os.environ | typed | {'_MIRENCODER_COMPLETE': f'{shell}_complete'},
        capture_output=True,
        text=True,
        check=False,
    )
    self.assertIn('--level', done.stdout, done.stderr)

  def test_tables_are_drawn_on_a_terminal_and_plain_in_a_pipe(self):
    rows = [('[b]f[/b]', 1.5), ('g', float('nan'))]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
      console.show_table(('name', 'value'), rows)
    self.assertEqual(
        out.getvalue(), 'name      value\n[b]f[/b]  1.500\ng             -\n'
    )
    out = io.StringIO()
    with (
        mock.patch.object(out, 'isatty', lambda: True),
        contextlib.redirect_stdout(out),
    ):
      console.show_table(('name', 'value'), rows)
    self.assertIn('[b]f[/b]', out.getvalue())
    self.assertIn('─', out.getvalue())

  def test_help_does_not_load_jax(self):
    code = (
        'import sys\nfrom mirencoder_jax import cli\n'
        'cli.main(["--help"]), cli.main(["embed", "--help"])\n'
        'loaded = {"jax", "sklearn", "scipy", "numpy"} & set(sys.modules)\n'
        'assert not loaded, loaded'
    )
    subprocess.run([sys.executable, '-c', code], check=True, stdout=-3)


if __name__ == '__main__':
  absltest.main()
