//! A portrait for the demo, drawn rather than shipped.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

const SIZE: u32 = 256;
const WALL: Rgb<u8> = Rgb([232, 234, 246]);
const FIGURE: Rgb<u8> = Rgb([48, 63, 159]);

/// Head and shoulders, as a PNG. Empty if it cannot be encoded, which it can.
pub(super) fn draw() -> Vec<u8> {
    let within = |x: u32, y: u32, (cx, cy): (u32, u32), radius: u32| {
        let (dx, dy) = (x.abs_diff(cx), y.abs_diff(cy));
        dx * dx + dy * dy < radius * radius
    };
    let picture = RgbImage::from_fn(SIZE, SIZE, |x, y| {
        let head = within(x, y, (SIZE / 2, 96), 50);
        let shoulders = within(x, y, (SIZE / 2, 270), 108);
        if head || shoulders { FIGURE } else { WALL }
    });
    let mut file = Vec::new();
    let written = picture.write_to(&mut Cursor::new(&mut file), ImageFormat::Png);
    if written.is_ok() { file } else { Vec::new() }
}
