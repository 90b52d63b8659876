//! Tables filled with iterators, closures and slices; remembered results.

#[no_mangle]
pub fn edit_distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[no_mangle]
pub fn knapsack(items: &[(u16, u32)], capacity: usize) -> u32 {
    let mut best = vec![0u32; capacity + 1];
    for &(weight, value) in items {
        for room in (weight as usize..=capacity).rev() {
            let taken = best[room - weight as usize].saturating_add(value);
            best[room] = best[room].max(taken);
        }
    }
    best[capacity]
}

#[no_mangle]
pub fn longest_increasing(values: &[f32]) -> usize {
    let mut tails: Vec<f32> = Vec::new();
    for &value in values {
        match tails.iter().position(|&tail| tail >= value) {
            Some(at) => tails[at] = value,
            None => tails.push(value),
        }
    }
    tails.len()
}

#[no_mangle]
pub fn common_subsequence(a: &str, b: &str) -> String {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let width = b.len() + 1;
    let mut table = vec![0u16; (a.len() + 1) * width];
    for i in 0..a.len() {
        for j in 0..b.len() {
            table[(i + 1) * width + j + 1] = if a[i] == b[j] {
                table[i * width + j] + 1
            } else {
                table[i * width + j + 1].max(table[(i + 1) * width + j])
            };
        }
    }
    let (mut i, mut j) = (a.len(), b.len());
    let mut found = Vec::new();
    while i > 0 && j > 0 {
        if a[i - 1] == b[j - 1] {
            found.push(a[i - 1]);
            i -= 1;
            j -= 1;
        } else if table[(i - 1) * width + j] >= table[i * width + j - 1] {
            i -= 1;
        } else {
            j -= 1;
        }
    }
    found.iter().rev().collect()
}

/// Remembers the values of a recursive rule that calls back for smaller ones.
pub struct Memo<'a> {
    known: Vec<Option<u64>>,
    rule: &'a dyn Fn(&mut dyn FnMut(usize) -> u64, usize) -> u64,
}

impl Memo<'_> {
    pub fn get(&mut self, n: usize) -> u64 {
        if let Some(&Some(value)) = self.known.get(n) {
            return value;
        }
        let rule = self.rule;
        let value = rule(&mut |smaller| self.get(smaller), n);
        if let Some(slot) = self.known.get_mut(n) {
            *slot = Some(value);
        }
        value
    }
}

#[no_mangle]
pub fn catalan(n: usize) -> u64 {
    let rule = |get: &mut dyn FnMut(usize) -> u64, n: usize| {
        if n == 0 {
            return 1;
        }
        let mut sum = 0u64;
        for left in 0..n {
            sum = sum.wrapping_add(get(left).wrapping_mul(get(n - 1 - left)));
        }
        sum
    };
    Memo { known: vec![None; n + 1], rule: &rule }.get(n)
}

#[no_mangle]
pub fn partitions(n: usize) -> u64 {
    let mut ways = vec![0u64; n + 1];
    ways[0] = 1;
    for part in 1..=n {
        for total in part..=n {
            ways[total] = ways[total].wrapping_add(ways[total - part]);
        }
    }
    ways[n]
}

#[no_mangle]
pub fn cut_rod(prices: &[u64], length: usize) -> (u64, Vec<usize>) {
    let mut best = vec![(0u64, 0usize); length + 1];
    for size in 1..=length {
        best[size] = (1..=size.min(prices.len()))
            .map(|cut| (prices[cut - 1] + best[size - cut].0, cut))
            .max()
            .unwrap_or((0, size));
    }
    let mut cuts = Vec::new();
    let mut rest = length;
    while rest > 0 {
        let cut = best[rest].1.max(1);
        cuts.push(cut);
        rest -= cut;
    }
    (best[length].0, cuts)
}

#[no_mangle]
pub fn viterbi(emissions: &[[f64; 4]], moves: &[[f64; 4]; 4]) -> Vec<u8> {
    let mut scores = [0.0f64; 4];
    let mut back: Vec<[u8; 4]> = Vec::with_capacity(emissions.len());
    for emission in emissions {
        let mut next = [f64::NEG_INFINITY; 4];
        let mut from = [0u8; 4];
        for to in 0..4 {
            for before in 0..4 {
                let score = scores[before] + moves[before][to] + emission[to];
                if score > next[to] {
                    next[to] = score;
                    from[to] = before as u8;
                }
            }
        }
        scores = next;
        back.push(from);
    }
    let mut state = (0..4).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0);
    let mut path = vec![0; back.len()];
    for (slot, from) in path.iter_mut().zip(&back).rev() {
        *slot = state as u8;
        state = from[state] as usize;
    }
    path
}

#[no_mangle]
pub fn max_square(grid: &[&[bool]]) -> usize {
    let width = grid.iter().map(|row| row.len()).max().unwrap_or(0);
    let mut above = vec![0usize; width + 1];
    let mut best = 0;
    for row in grid {
        let mut now = vec![0usize; width + 1];
        for (j, &cell) in row.iter().enumerate() {
            if cell {
                now[j + 1] = 1 + now[j].min(above[j]).min(above[j + 1]);
                best = best.max(now[j + 1]);
            }
        }
        above = now;
    }
    best * best
}
