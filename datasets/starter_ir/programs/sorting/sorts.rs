//! Sorts over slices: generic through a trait, recursive, and by digits.

use std::cmp::Ordering;

pub trait Order<T> {
    fn less(&self, left: &T, right: &T) -> bool;
}

pub struct Ascending;
pub struct ByDistance {
    pub centre: i64,
}

impl<T: PartialOrd> Order<T> for Ascending {
    fn less(&self, left: &T, right: &T) -> bool {
        left < right
    }
}

impl Order<i64> for ByDistance {
    fn less(&self, left: &i64, right: &i64) -> bool {
        left.abs_diff(self.centre) < right.abs_diff(self.centre)
    }
}

fn insertion<T: Copy, O: Order<T>>(values: &mut [T], order: &O) {
    for i in 1..values.len() {
        let value = values[i];
        let mut j = i;
        while j > 0 && order.less(&value, &values[j - 1]) {
            values[j] = values[j - 1];
            j -= 1;
        }
        values[j] = value;
    }
}

fn quick<T: Copy, O: Order<T>>(values: &mut [T], order: &O) {
    if values.len() <= 16 {
        return insertion(values, order);
    }
    let last = values.len() - 1;
    values.swap(last / 2, last);
    let pivot = values[last];
    let mut store = 0;
    for i in 0..last {
        if order.less(&values[i], &pivot) {
            values.swap(i, store);
            store += 1;
        }
    }
    values.swap(store, last);
    let (low, high) = values.split_at_mut(store);
    quick(low, order);
    quick(&mut high[1..], order);
}

#[no_mangle]
pub fn sort_floats(values: &mut [f64]) {
    quick(values, &Ascending);
}

#[no_mangle]
pub fn sort_near(values: &mut [i64], centre: i64) {
    quick(values, &ByDistance { centre });
}

#[no_mangle]
pub fn sort_dynamic(values: &mut [i64], order: &dyn Order<i64>) {
    for end in (1..values.len()).rev() {
        for i in 0..end {
            if order.less(&values[i + 1], &values[i]) {
                values.swap(i, i + 1);
            }
        }
    }
}

#[no_mangle]
pub fn merge_sort(values: &mut [u32], scratch: &mut [u32]) {
    let n = values.len();
    if n < 2 || scratch.len() < n {
        return;
    }
    let (low, high) = values.split_at_mut(n / 2);
    merge_sort(low, scratch);
    merge_sort(high, scratch);
    let (mut i, mut j) = (0, 0);
    for slot in scratch[..n].iter_mut() {
        let take_low = match (low.get(i), high.get(j)) {
            (Some(a), Some(b)) => a.cmp(b) != Ordering::Greater,
            (Some(_), None) => true,
            _ => false,
        };
        if take_low {
            *slot = low[i];
            i += 1;
        } else {
            *slot = high[j];
            j += 1;
        }
    }
    values.copy_from_slice(&scratch[..n]);
}

#[no_mangle]
pub fn counting_sort(values: &mut [u8]) {
    let mut bins = [0usize; 256];
    values.iter().for_each(|&v| bins[v as usize] += 1);
    let mut at = 0;
    for (value, &count) in bins.iter().enumerate() {
        values[at..at + count].fill(value as u8);
        at += count;
    }
}

#[no_mangle]
pub fn is_sorted(values: &[i32]) -> bool {
    values.windows(2).all(|pair| pair[0] <= pair[1])
}

#[no_mangle]
pub fn lower_bound(values: &[i32], wanted: i32) -> usize {
    let (mut low, mut high) = (0, values.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if values[middle] < wanted {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
