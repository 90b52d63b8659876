//! Graphs as lists of neighbours: searches, orders, spanning trees.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

pub struct Edge {
    pub target: u32,
    pub length: u32,
}

pub struct Graph {
    pub neighbours: Vec<Vec<Edge>>,
}

#[no_mangle]
pub fn distances(graph: &Graph, source: u32) -> Vec<Option<u64>> {
    let mut best = vec![None; graph.neighbours.len()];
    let mut heap = BinaryHeap::new();
    heap.push(Reverse((0u64, source)));
    while let Some(Reverse((distance, node))) = heap.pop() {
        match best.get_mut(node as usize) {
            Some(slot @ None) => *slot = Some(distance),
            _ => continue,
        }
        for edge in &graph.neighbours[node as usize] {
            heap.push(Reverse((distance + u64::from(edge.length), edge.target)));
        }
    }
    best
}

#[no_mangle]
pub fn levels(graph: &Graph, source: usize, level: &mut [i32]) -> usize {
    level.fill(-1);
    let mut queue = VecDeque::from([source]);
    level[source] = 0;
    let mut reached = 0;
    while let Some(node) = queue.pop_front() {
        reached += 1;
        for edge in graph.neighbours[node].iter() {
            let target = edge.target as usize;
            if level[target] < 0 {
                level[target] = level[node] + 1;
                queue.push_back(target);
            }
        }
    }
    reached
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

fn visit(graph: &Graph, node: usize, marks: &mut [Mark], order: &mut Vec<usize>) -> bool {
    match marks[node] {
        Mark::Done => return true,
        Mark::Open => return false,
        Mark::New => marks[node] = Mark::Open,
    }
    for edge in &graph.neighbours[node] {
        if !visit(graph, edge.target as usize, marks, order) {
            return false;
        }
    }
    marks[node] = Mark::Done;
    order.push(node);
    true
}

#[no_mangle]
pub fn topological_order(graph: &Graph) -> Option<Vec<usize>> {
    let count = graph.neighbours.len();
    let mut marks = vec![Mark::New; count];
    let mut order = Vec::with_capacity(count);
    for node in 0..count {
        if !visit(graph, node, &mut marks, &mut order) {
            return None;
        }
    }
    order.reverse();
    Some(order)
}

pub struct Partition {
    parents: Vec<u32>,
    sizes: Vec<u32>,
}

impl Partition {
    pub fn new(count: u32) -> Self {
        Partition { parents: (0..count).collect(), sizes: vec![1; count as usize] }
    }

    pub fn root(&mut self, mut node: u32) -> u32 {
        while self.parents[node as usize] != node {
            let above = self.parents[self.parents[node as usize] as usize];
            self.parents[node as usize] = above;
            node = above;
        }
        node
    }

    pub fn join(&mut self, a: u32, b: u32) -> bool {
        let (mut a, mut b) = (self.root(a), self.root(b));
        if a == b {
            return false;
        }
        if self.sizes[a as usize] < self.sizes[b as usize] {
            std::mem::swap(&mut a, &mut b);
        }
        self.parents[b as usize] = a;
        self.sizes[a as usize] += self.sizes[b as usize];
        true
    }
}

#[no_mangle]
pub fn spanning_tree(count: u32, edges: &mut [(u32, u32, f32)]) -> f32 {
    edges.sort_unstable_by(|a, b| a.2.total_cmp(&b.2));
    let mut partition = Partition::new(count);
    edges
        .iter()
        .filter(|edge| partition.join(edge.0, edge.1))
        .map(|edge| edge.2)
        .sum()
}

#[no_mangle]
pub fn all_pairs(n: usize, lengths: &mut [i64]) {
    for k in 0..n {
        for i in 0..n {
            let through = lengths[i * n + k];
            if through == i64::MAX {
                continue;
            }
            for j in 0..n {
                let candidate = through.saturating_add(lengths[k * n + j]);
                let slot = &mut lengths[i * n + j];
                *slot = candidate.min(*slot);
            }
        }
    }
}

#[no_mangle]
pub fn degree_histogram(graph: &Graph) -> [usize; 16] {
    let mut bins = [0; 16];
    for list in &graph.neighbours {
        bins[list.len().min(15)] += 1;
    }
    bins
}
