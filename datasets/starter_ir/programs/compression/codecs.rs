//! Codecs behind a trait: runs, variable bytes, bit packing, a dictionary.

use std::collections::HashMap;

#[derive(Debug)]
pub enum CodecError {
    Truncated,
    BadToken(u8),
}

pub trait Codec {
    fn encode(&self, data: &[u8]) -> Vec<u8>;
    fn decode(&self, data: &[u8]) -> Result<Vec<u8>, CodecError>;
}

pub struct Runs;
pub struct Delta {
    pub stride: usize,
}

impl Codec for Runs {
    fn encode(&self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(data.len());
        let mut rest = data;
        while let Some(&first) = rest.first() {
            let run = rest.iter().take(255).take_while(|&&b| b == first).count();
            out.extend_from_slice(&[run as u8, first]);
            rest = &rest[run..];
        }
        out
    }

    fn decode(&self, data: &[u8]) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::new();
        for pair in data.chunks(2) {
            match *pair {
                [0, _] => return Err(CodecError::BadToken(0)),
                [run, value] => out.resize(out.len() + run as usize, value),
                _ => return Err(CodecError::Truncated),
            }
        }
        Ok(out)
    }
}

impl Codec for Delta {
    fn encode(&self, data: &[u8]) -> Vec<u8> {
        (0..data.len())
            .map(|i| match i.checked_sub(self.stride) {
                Some(before) => data[i].wrapping_sub(data[before]),
                None => data[i],
            })
            .collect()
    }

    fn decode(&self, data: &[u8]) -> Result<Vec<u8>, CodecError> {
        let mut out = data.to_vec();
        for i in self.stride..out.len() {
            out[i] = out[i].wrapping_add(out[i - self.stride]);
        }
        Ok(out)
    }
}

#[no_mangle]
pub fn encode_all(codecs: &[Box<dyn Codec>], data: &[u8]) -> Vec<u8> {
    codecs.iter().fold(data.to_vec(), |data, codec| codec.encode(&data))
}

#[no_mangle]
pub fn decode_all(codecs: &[Box<dyn Codec>], data: &[u8]) -> Result<Vec<u8>, CodecError> {
    codecs.iter().rev().try_fold(data.to_vec(), |data, codec| codec.decode(&data))
}

#[no_mangle]
pub fn encode_runs(data: &[u8]) -> Vec<u8> {
    Runs.encode(data)
}

#[no_mangle]
pub fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[no_mangle]
pub fn get_varint(data: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (i, &byte) in data.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * i as u32).min(63);
        if byte < 0x80 {
            *data = &data[i + 1..];
            return Some(value);
        }
    }
    None
}

#[no_mangle]
pub fn pack_bits(values: &[u32], width: u32) -> Vec<u64> {
    let mut words = vec![0u64; (values.len() * width as usize).div_ceil(64)];
    let mut at = 0usize;
    for &value in values {
        let (word, shift) = (at / 64, (at % 64) as u32);
        words[word] |= u64::from(value) << shift;
        if shift + width > 64 {
            words[word + 1] |= u64::from(value) >> (64 - shift);
        }
        at += width as usize;
    }
    words
}

#[no_mangle]
pub fn lzw(data: &[u8]) -> Vec<u16> {
    let mut codes: HashMap<(u16, u8), u16> = HashMap::new();
    let mut out = Vec::new();
    let mut current: Option<u16> = None;
    for &byte in data {
        current = Some(match current {
            None => u16::from(byte),
            Some(prefix) => match codes.get(&(prefix, byte)) {
                Some(&code) => code,
                None => {
                    out.push(prefix);
                    if codes.len() < 65_000 {
                        codes.insert((prefix, byte), 256 + codes.len() as u16);
                    }
                    u16::from(byte)
                }
            },
        });
    }
    out.extend(current);
    out
}

#[no_mangle]
pub fn entropy(data: &[u8]) -> f64 {
    let mut bins = [0u32; 256];
    for &byte in data {
        bins[byte as usize] += 1;
    }
    let total = data.len() as f64;
    bins.iter()
        .filter(|&&count| count > 0)
        .map(|&count| f64::from(count) / total)
        .map(|part| -part * part.log2())
        .sum()
}
