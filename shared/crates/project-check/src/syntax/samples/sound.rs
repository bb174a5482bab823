#![allow(dead_code)]
//! doc
use std::{collections::HashMap, fmt::{self, Display}};
pub mod x;
#[derive(Debug, Clone, Parser)] #[command(version, about = "x")] struct A<'a, T: Display + 'a, const N: usize = 3> where T: Copy { #[arg(short, long)] a: &'a str, pub b: [T; N] }
enum E { A(i32), B { x: u8 }, C = 3 }
impl<'a, T> fmt::Display for A<'a, T> where T: Display + Copy { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}", self.a) } }
async fn f(State(s): State<Arc<S>>, Json(b): Json<V>) -> Result<impl IntoResponse, (StatusCode, String)> { let x = g().await?; Ok(Json(json!({ "a": x }))) }
fn main() -> anyhow::Result<()> { if let Some(x) = y && x > 1 { } let Ok(z) = w else { return Ok(()) }; let c = async move |x| { x }; let r = r#"raw "x""#; let b = b"x"; let cs = c"x"; match x { 0..=9 | 10 => {}, n @ 11.. if n > 3 => {}, [a, .., b] => {}, Foo { x, .. } => {}, &mut ref y => {}, _ => unreachable!() } 'l: loop { break 'l 3; } let v = vec![1; 3]; let t = (1,).0; x.0.1; let f: fn(&str) -> Box<dyn Fn() + Send + 'static> = g; unsafe { &raw const x }; for i in (0..n).rev() {} let _ = <T as Trait>::X::<3>; println!("{x:?} {0:>1$}", 1, 2); let x = if a { 1 } else { 2 }; return Ok(()); }
trait T { type A<'b>: Iterator<Item = u8> where Self: 'b; const X: usize; fn a(&self) -> impl Iterator<Item = u8> + use<'_, Self>; async fn b(); }
macro_rules! m { ($($x:expr),* $(,)?) => { $( foo($x); )* }; }
unsafe extern "C" { fn x(); } extern crate alloc; static mut X: u8 = 1; const fn c() {} union U { a: u8 } type Q = dyn for<'a> Fn(&'a str);
#[cfg(test)] mod tests { use super::*; #[tokio::test] async fn t() { assert_eq!(1, 1); } }
pub fn gen_(x: impl Into<String>) -> ! { loop {} } fn w<T: ?Sized>() {} impl !Send for X {} 
fn k() { let x = 1u8 as i32 as f64; let y = &x[1..]; let z = *a.b()?.c; x <<= 1; let c = 'c'; let e = '\u{1F600}'; let s = "a\
 b"; let n = 1_000.5e3_f32; }
