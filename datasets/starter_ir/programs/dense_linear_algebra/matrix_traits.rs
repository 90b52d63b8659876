//! Matrices over a number trait: products, elimination, and block views.

use std::ops::{Add, Div, Mul, Sub};

pub trait Number:
    Copy + PartialOrd + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    const ZERO: Self;
    const ONE: Self;
    fn size(self) -> Self;
}

impl Number for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;
    fn size(self) -> f64 {
        self.abs()
    }
}

impl Number for f32 {
    const ZERO: f32 = 0.0;
    const ONE: f32 = 1.0;
    fn size(self) -> f32 {
        self.abs()
    }
}

pub struct Matrix<T> {
    rows: usize,
    columns: usize,
    data: Vec<T>,
}

impl<T: Number> Matrix<T> {
    pub fn new(rows: usize, columns: usize) -> Self {
        Matrix { rows, columns, data: vec![T::ZERO; rows * columns] }
    }

    pub fn identity(n: usize) -> Self {
        let mut result = Self::new(n, n);
        for i in 0..n {
            result.data[i * n + i] = T::ONE;
        }
        result
    }

    pub fn product(&self, other: &Matrix<T>) -> Option<Matrix<T>> {
        if self.columns != other.rows {
            return None;
        }
        let mut result = Matrix::new(self.rows, other.columns);
        for (row, out) in self
            .data
            .chunks(self.columns.max(1))
            .zip(result.data.chunks_mut(other.columns.max(1)))
        {
            for (scale, from) in row.iter().zip(other.data.chunks(other.columns.max(1))) {
                for (o, f) in out.iter_mut().zip(from) {
                    *o = *o + *scale * *f;
                }
            }
        }
        Some(result)
    }

    pub fn solve(&mut self, b: &mut [T]) -> Result<(), usize> {
        let n = self.rows;
        for k in 0..n {
            let pivot = (k..n)
                .max_by(|&i, &j| {
                    let (a, b) = (self.data[i * n + k].size(), self.data[j * n + k].size());
                    a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal)
                })
                .ok_or(k)?;
            if self.data[pivot * n + k].size() <= T::ZERO {
                return Err(k);
            }
            if pivot != k {
                for j in 0..n {
                    self.data.swap(pivot * n + j, k * n + j);
                }
                b.swap(pivot, k);
            }
            let (top, below) = self.data.split_at_mut((k + 1) * n);
            let row = &top[k * n..];
            for (i, other) in below.chunks_mut(n).enumerate() {
                let factor = other[k] / row[k];
                for (o, r) in other[k..].iter_mut().zip(&row[k..]) {
                    *o = *o - factor * *r;
                }
                b[k + 1 + i] = b[k + 1 + i] - factor * b[k];
            }
        }
        for i in (0..n).rev() {
            let sum = (i + 1..n).fold(b[i], |sum, j| sum - self.data[i * n + j] * b[j]);
            b[i] = sum / self.data[i * n + i];
        }
        Ok(())
    }

    pub fn transposed(&self) -> Matrix<T> {
        let mut result = Matrix::new(self.columns, self.rows);
        for i in 0..self.rows {
            for j in 0..self.columns {
                result.data[j * self.rows + i] = self.data[i * self.columns + j];
            }
        }
        result
    }
}

#[no_mangle]
pub fn multiply_f32(a: &Matrix<f32>, b: &Matrix<f32>) -> Option<Matrix<f32>> {
    a.product(b)
}

#[no_mangle]
pub fn solve_f64(a: &mut Matrix<f64>, b: &mut [f64]) -> i64 {
    match a.solve(b) {
        Ok(()) => -1,
        Err(column) => column as i64,
    }
}

#[no_mangle]
pub fn power(base: &Matrix<f64>, mut exponent: u32) -> Option<Matrix<f64>> {
    let mut square = base.transposed().transposed();
    let mut result = Matrix::identity(base.rows);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.product(&square)?;
        }
        square = square.product(&square)?;
        exponent >>= 1;
    }
    Some(result)
}

#[no_mangle]
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(a, b)| a * b).sum()
}

#[no_mangle]
pub fn multiply_fixed(a: &[[i32; 8]; 8], b: &[[i32; 8]; 8]) -> [[i32; 8]; 8] {
    let mut c = [[0i32; 8]; 8];
    for i in 0..8 {
        for j in 0..8 {
            c[i][j] = (0..8).fold(0i32, |sum, k| sum.wrapping_add(a[i][k].wrapping_mul(b[k][j])));
        }
    }
    c
}
