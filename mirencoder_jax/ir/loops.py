"""Loop nesting of a function's blocks.

Run time hangs on what stands in loops, and neither text nor a few rounds of
messages on the graph show how deep that is.
"""

from collections.abc import Sequence

MAX_DEPTH = 255  # deeper ones count as this


def loop_depths(successors: Sequence[Sequence[int]]) -> list[int]:
  """How many loops each block is in; 0 for blocks that no path leads to.

  One depth-first walk (Wei, Mao, Zou and Chen: A New Algorithm for Identifying
  Loops in Decompilation, SAS 2007), linear but for deep nests. A loop with
  several entries counts as one, headed by the entry that is met first.

  Args:
    successors: of each block; block 0 is the entry.
  """
  num_blocks = len(successors)
  if all(to > block for block, after in enumerate(successors) for to in after):
    return [0] * num_blocks  # blocks only lead downwards
  outer = [-1] * num_blocks  # header of the innermost loop around a block
  is_header = [False] * num_blocks
  place = [0] * num_blocks  # on the path from the entry, from 1; 0 if not there
  seen = [False] * num_blocks

  def put_into(block: int, header: int) -> None:
    """Weaves a header into the headers around a block, by their places."""
    while header >= 0 and block != header:
      around = outer[block]
      if around == header:
        return
      if around < 0:
        outer[block] = header
        return
      if place[around] < place[header]:
        outer[block] = header
        block, header = header, around
      else:
        block = around

  seen[0], place[0] = True, 1
  path = [(0, iter(successors[0]))]
  while path:
    block, following = path[-1]
    for to in following:
      if not seen[to]:
        seen[to], place[to] = True, len(path) + 1
        path.append((to, iter(successors[to])))
        break
      if place[to]:
        is_header[to] = True
        put_into(block, to)
        continue
      # A block that the walk has left: its loops may still be open.
      header = outer[to]
      while header >= 0 and not place[header]:
        header = outer[header]
      put_into(block, header)
    else:
      path.pop()
      place[block] = 0
      if path:
        put_into(path[-1][0], outer[block])

  depths = [-1] * num_blocks
  for block in range(num_blocks):
    chain = []
    while block >= 0 and depths[block] < 0:
      chain.append(block)
      block = outer[block]
    depth = depths[block] if block >= 0 else 0
    for block in reversed(chain):
      # What stands in the loop that it heads is one deeper than around it.
      depth += is_header[block]
      depths[block] = depth
  return [min(depth, MAX_DEPTH) for depth in depths]
