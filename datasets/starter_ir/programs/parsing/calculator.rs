//! A tokenizer and a tree of expressions with errors as results.

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Token {
    Number(f64),
    Name(u8),
    Operator(u8),
    Open,
    Close,
}

#[derive(Debug, PartialEq)]
pub enum Problem {
    Character(usize),
    End,
    Unexpected,
    Division,
}

pub enum Tree {
    Number(f64),
    Name(u8),
    Negative(Box<Tree>),
    Binary(u8, Box<Tree>, Box<Tree>),
}

#[no_mangle]
pub fn tokenize(text: &str) -> Result<Vec<Token>, Problem> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        match byte {
            b' ' | b'\t' => at += 1,
            b'(' => {
                tokens.push(Token::Open);
                at += 1;
            }
            b')' => {
                tokens.push(Token::Close);
                at += 1;
            }
            b'+' | b'-' | b'*' | b'/' => {
                tokens.push(Token::Operator(byte));
                at += 1;
            }
            b'0'..=b'9' => {
                let mut value = 0.0;
                while at < bytes.len() && bytes[at].is_ascii_digit() {
                    value = value * 10.0 + f64::from(bytes[at] - b'0');
                    at += 1;
                }
                tokens.push(Token::Number(value));
            }
            b'a'..=b'z' => {
                tokens.push(Token::Name(byte - b'a'));
                at += 1;
            }
            _ => return Err(Problem::Character(at)),
        }
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(*first)
    }

    fn atom(&mut self) -> Result<Tree, Problem> {
        match self.next().ok_or(Problem::End)? {
            Token::Number(value) => Ok(Tree::Number(value)),
            Token::Name(name) => Ok(Tree::Name(name)),
            Token::Operator(b'-') => Ok(Tree::Negative(Box::new(self.atom()?))),
            Token::Open => {
                let inner = self.binary(0)?;
                match self.next() {
                    Some(Token::Close) => Ok(inner),
                    Some(_) => Err(Problem::Unexpected),
                    None => Err(Problem::End),
                }
            }
            _ => Err(Problem::Unexpected),
        }
    }

    fn binary(&mut self, floor: u8) -> Result<Tree, Problem> {
        let mut left = self.atom()?;
        while let Some(Token::Operator(operator)) = self.tokens.first().copied() {
            let rank = if operator == b'*' || operator == b'/' { 2 } else { 1 };
            if rank <= floor {
                break;
            }
            self.next();
            let right = self.binary(rank)?;
            left = Tree::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }
}

#[no_mangle]
pub fn parse(tokens: &[Token]) -> Result<Tree, Problem> {
    let mut parser = Parser { tokens };
    let tree = parser.binary(0)?;
    if parser.tokens.is_empty() {
        Ok(tree)
    } else {
        Err(Problem::Unexpected)
    }
}

#[no_mangle]
pub fn evaluate(tree: &Tree, names: &[f64; 26]) -> Result<f64, Problem> {
    Ok(match tree {
        Tree::Number(value) => *value,
        Tree::Name(name) => names[*name as usize % 26],
        Tree::Negative(inner) => -evaluate(inner, names)?,
        Tree::Binary(operator, left, right) => {
            let (a, b) = (evaluate(left, names)?, evaluate(right, names)?);
            match operator {
                b'+' => a + b,
                b'-' => a - b,
                b'*' => a * b,
                _ if b == 0.0 => return Err(Problem::Division),
                _ => a / b,
            }
        }
    })
}

#[no_mangle]
pub fn depth(tree: &Tree) -> usize {
    match tree {
        Tree::Number(_) | Tree::Name(_) => 1,
        Tree::Negative(inner) => 1 + depth(inner),
        Tree::Binary(_, left, right) => 1 + depth(left).max(depth(right)),
    }
}

#[no_mangle]
pub fn calculate(text: &str, names: &[f64; 26]) -> f64 {
    tokenize(text)
        .and_then(|tokens| parse(&tokens))
        .and_then(|tree| evaluate(&tree, names))
        .unwrap_or(f64::NAN)
}
