"""What a checkpoint knows of held-out functions, without any task.

    python eval.py --config=configs/pretraining_eval.py \
        --checkpoint=runs/tiny --workdir=runs/tiny_heldout

Prints and writes the objectives (overall, and masked tokens by language) beside
the same model before training and beside guesses, and how often another view of
a function is its nearest neighbour. The data set is the one that the checkpoint
was trained on; --config.heldout.name names another with the same vocabulary.
--compare=NAME=VECTORS.npz adds vectors named by the hashes in functions.csv.
"""

import ml_collections


def get_config() -> ml_collections.ConfigDict:
  config = ml_collections.ConfigDict()
  config.heldout = dict(
      kind='heldout',
      name='',  # of a prepared data set; '' for that of the checkpoint
      split='validation',
      num_batches=160,  # of `small`: over 1,024 graphs, for the pool below
      num_language_batches=64,  # likewise, of each language
      pools=(1024,),  # graphs that a text's own is found among, beside 64
      num_queries=1000,  # functions whose other view is looked for
      num_candidates=10_000,  # functions that it is among
      find_before=True,  # also with the model before training: twice the time
      more_candidates='train',  # where the held-out split has too few
  )
  config.evals = {'heldout': config.heldout}
  config.lock()
  return config
