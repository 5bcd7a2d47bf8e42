//! Captcha images of five characters.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

const WIDTH: u32 = 310;
const HEIGHT: u32 = 60;
/// The width of a dot in pixels; a character has 5 × 7 dots.
const DOT: u32 = 6;
const PAPER: Rgb<u8> = Rgb([0xf4, 0xf1, 0xe8]);

/// Rows from the top; the highest of five bits is the leftmost dot. Characters that are easily confused
/// (`0` and `o`, `1` and `l`, `9` and `g`) are left out.
#[rustfmt::skip]
const FONT: &[(char, [u8; 7])] = &[
    ('a', [0b00000, 0b00000, 0b01110, 0b00001, 0b01111, 0b10001, 0b01111]),
    ('b', [0b10000, 0b10000, 0b10110, 0b11001, 0b10001, 0b10001, 0b11110]),
    ('c', [0b00000, 0b00000, 0b01110, 0b10000, 0b10000, 0b10001, 0b01110]),
    ('d', [0b00001, 0b00001, 0b01101, 0b10011, 0b10001, 0b10001, 0b01111]),
    ('e', [0b00000, 0b00000, 0b01110, 0b10001, 0b11111, 0b10000, 0b01110]),
    ('f', [0b00110, 0b01001, 0b01000, 0b11100, 0b01000, 0b01000, 0b01000]),
    ('h', [0b10000, 0b10000, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001]),
    ('k', [0b10000, 0b10000, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010]),
    ('m', [0b00000, 0b00000, 0b11010, 0b10101, 0b10101, 0b10001, 0b10001]),
    ('n', [0b00000, 0b00000, 0b10110, 0b11001, 0b10001, 0b10001, 0b10001]),
    ('p', [0b00000, 0b00000, 0b11110, 0b10001, 0b11110, 0b10000, 0b10000]),
    ('r', [0b00000, 0b00000, 0b10110, 0b11001, 0b10000, 0b10000, 0b10000]),
    ('s', [0b00000, 0b00000, 0b01110, 0b10000, 0b01110, 0b00001, 0b11110]),
    ('t', [0b01000, 0b01000, 0b11100, 0b01000, 0b01000, 0b01001, 0b00110]),
    ('u', [0b00000, 0b00000, 0b10001, 0b10001, 0b10001, 0b10011, 0b01101]),
    ('v', [0b00000, 0b00000, 0b10001, 0b10001, 0b10001, 0b01010, 0b00100]),
    ('w', [0b00000, 0b00000, 0b10001, 0b10001, 0b10101, 0b10101, 0b01010]),
    ('x', [0b00000, 0b00000, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001]),
    ('y', [0b00000, 0b00000, 0b10001, 0b10001, 0b01111, 0b00001, 0b01110]),
    ('z', [0b00000, 0b00000, 0b11111, 0b00010, 0b00100, 0b01000, 0b11111]),
    ('2', [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111]),
    ('3', [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110]),
    ('4', [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010]),
    ('5', [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110]),
    ('6', [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110]),
    ('7', [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000]),
    ('8', [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110]),
    ('9', [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100]),
];

/// Five random characters.
pub fn letters() -> String {
    let letter = |_| FONT[usize::from(rand::random::<u8>()) % FONT.len()].0;
    (0..5).map(letter).collect()
}

/// Draws a PNG, with uneven characters and lines across.
pub fn draw(letters: &str) -> Vec<u8> {
    let mut picture = RgbImage::from_pixel(WIDTH, HEIGHT, PAPER);
    for shade in [0xa8, 0xb0, 0xb8, 0xc0] {
        let (from, to) = (below(60), below(60));
        for x in 0..WIDTH {
            let y = (from * (WIDTH - x) + to * x) / WIDTH;
            dot(&mut picture, (x, y), (1, 1), Rgb([0x9a, 0xa4, shade]));
        }
    }
    for (place, letter) in (0_u32..).zip(letters.chars()) {
        let glyph = FONT.iter().find(|(known, _)| *known == letter).unwrap().1;
        let left = 20 + 56 * place + below(8);
        let top = 4 + below(12);
        let ink = Rgb([0, 0, 60].map(|least| least + rand::random::<u8>() % 70));
        for (row, dots) in (0_u32..).zip(glyph) {
            // Higher rows lean to the right.
            let lean = (6 - row) * 2;
            for column in (0..5).filter(|column| dots >> (4 - column) & 1 == 1) {
                let at = (left + lean + column * DOT, top + row * DOT);
                dot(&mut picture, at, (DOT + 3, DOT + 1), ink);
            }
        }
    }
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

fn below(limit: u32) -> u32 {
    rand::random::<u32>() % limit
}

fn dot(picture: &mut RgbImage, at: (u32, u32), size: (u32, u32), ink: Rgb<u8>) {
    for x in at.0..(at.0 + size.0).min(WIDTH) {
        for y in at.1..(at.1 + size.1).min(HEIGHT) {
            picture.put_pixel(x, y, ink);
        }
    }
}
