//! Pictures that people upload: looked at, made anew, kept under a name nobody can guess, served to
//! everybody.
//!
//! Nothing of what was uploaded is kept as it came. What is served was encoded here from pixels alone,
//! so a script after the last byte, a place in the EXIF data or a second meaning of the file is gone.
//! The size is read from the header before any pixel is decoded, so a small file cannot ask for
//! gigabytes of memory.

use std::io;
use std::io::Cursor;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, StatusCode, header};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use tokio::sync::Semaphore;

use crate::platform::rng::Rng;

/// The largest file, in bytes.
const LARGEST_FILE: usize = 2 * 1024 * 1024;
/// The longest side of what is uploaded, in pixels.
const LONGEST_SIDE: u32 = 4096;
/// The longest side of what is kept.
const KEPT_SIDE: u32 = 1024;
/// What decoding one picture may allocate: 4096 × 4096 pixels of 16-bit RGBA are 128 MiB.
const MEMORY: u64 = 160 * 1024 * 1024;
/// What the first look at one may allocate: it needs no pixels.
const FIRST_LOOK: u64 = 8 * 1024 * 1024;
/// How many pictures are decoded at once; further ones wait.
const AT_ONCE: usize = 2;
const JPEG_QUALITY: u8 = 88;

/// What a picture shows, which decides where it is kept and under which address it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    ProfilePicture,
    AppLogo,
}

impl PictureKind {
    fn folder(self) -> &'static str {
        match self {
            Self::ProfilePicture => "profile_picture",
            Self::AppLogo => "app_logo",
        }
    }
}

/// What of a picture is to be shown: a square of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CropSquare {
    zoom: u32,
    across: u32,
    down: u32,
}

impl CropSquare {
    /// The largest one, in the middle.
    pub const MIDDLE: Self = Self {
        zoom: *Self::ZOOM.start(),
        across: 50,
        down: 50,
    };
    /// How many times larger than in the largest square everything is, in percent.
    const ZOOM: RangeInclusive<u32> = 100..=400;
    /// How much of what is left out is on the left, or above, in percent.
    const PLACE: RangeInclusive<u32> = 0..=100;

    /// `zoom` in percent, from 100, the largest square there is, to 400; `across` and `down` from 0, the
    /// left and the top, to 100. `None` if one is beyond that.
    pub fn new(zoom: u32, across: u32, down: u32) -> Option<Self> {
        let fits = Self::ZOOM.contains(&zoom)
            && Self::PLACE.contains(&across)
            && Self::PLACE.contains(&down);
        fits.then_some(Self { zoom, across, down })
    }

    fn cut(self, image: &DynamicImage) -> DynamicImage {
        let (width, height) = (image.width(), image.height());
        let side = (width.min(height) * 100 / self.zoom).max(1);
        let (left, top) = (
            (width - side) * self.across / 100,
            (height - side) * self.down / 100,
        );
        image.crop_imm(left, top, side, side)
    }
}

/// A picture as we encoded it.
#[derive(Debug, Clone)]
pub struct Picture {
    ending: &'static str,
    content: Vec<u8>,
}

/// Why a file is not taken. The text is for the person who chose it.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("This file is larger than 2 MB. Choose a smaller one.")]
    TooLarge,
    #[error(
        "This picture is larger than 4096 × 4096 pixels. Make it smaller; 1024 × 1024 is plenty."
    )]
    TooManyPixels,
    #[error("This file is not a picture we can read. Use PNG, JPEG or WebP.")]
    NotAPicture,
    #[error("This picture is damaged. Save it again as PNG or JPEG.")]
    Damaged,
}

/// The folder of pictures. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pictures {
    folder: Arc<Path>,
    decoding: Arc<Semaphore>,
}

impl Pictures {
    /// Keeps pictures in `folder`, which is made when the first one comes.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into().into(),
            decoding: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Takes an uploaded file: JPEG, PNG or WebP by its first bytes, whatever its name says, of at most
    /// 2 MiB and 4096 × 4096 pixels. What comes back has at most 1024 pixels on a side and nothing but
    /// pixels in it. Of a person it is square: the middle of what came.
    pub async fn accept(&self, kind: PictureKind, file: Bytes) -> Result<Picture, PictureError> {
        let cut = match kind {
            PictureKind::ProfilePicture => Some(CropSquare::MIDDLE),
            PictureKind::AppLogo => None,
        };
        self.take(cut, file).await
    }

    /// Takes the same, of which a square is kept.
    pub async fn accept_square(
        &self,
        cut: CropSquare,
        file: Bytes,
    ) -> Result<Picture, PictureError> {
        self.take(Some(cut), file).await
    }

    async fn take(&self, cut: Option<CropSquare>, file: Bytes) -> Result<Picture, PictureError> {
        if file.len() > LARGEST_FILE {
            return Err(PictureError::TooLarge);
        }
        // The semaphore is never closed; should it be, the picture is merely decoded without waiting.
        let turn = Arc::clone(&self.decoding).acquire_owned().await.ok();
        let made_anew = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            make_anew(cut, &file)
        });
        // A decoder that panics has met a file made for that.
        made_anew.await.unwrap_or(Err(PictureError::Damaged))
    }

    /// Writes a picture under a new random name, which is returned. It is there whole or not at all.
    pub async fn keep(
        &self,
        kind: PictureKind,
        picture: &Picture,
        rng: &dyn Rng,
    ) -> io::Result<String> {
        let mut chance = [0; 16];
        rng.fill(&mut chance);
        let file = format!("{:032x}.{}", u128::from_be_bytes(chance), picture.ending);
        let folder = self.folder.join(kind.folder());
        tokio::fs::create_dir_all(&folder).await?;
        let unfinished = folder.join(format!(".{file}"));
        tokio::fs::write(&unfinished, &picture.content).await?;
        tokio::fs::rename(&unfinished, folder.join(&file)).await?;
        Ok(file)
    }

    /// Deletes a picture that nothing shows any more. One that is not there is no trouble, and one that
    /// stays behind does no harm, so the log is all that hears of a failure.
    pub async fn discard(&self, kind: PictureKind, file: &str) {
        if content_type(file).is_none() {
            return;
        }
        match tokio::fs::remove_file(self.folder.join(kind.folder()).join(file)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "a picture could not be deleted");
            }
            _ => {}
        }
    }

    /// What is in a picture; nothing if it is not there.
    pub async fn read(&self, kind: PictureKind, file: &str) -> Option<Vec<u8>> {
        content_type(file)?;
        tokio::fs::read(self.folder.join(kind.folder()).join(file))
            .await
            .ok()
    }

    /// Serves the pictures, to anybody: apps show them on pages of their own.
    pub fn routes(self) -> Router {
        let of = |kind: PictureKind| {
            get(
                async move |State(it): State<Self>, UrlPath(file): UrlPath<String>| {
                    it.serve(kind, &file).await
                },
            )
        };
        Router::new()
            .route(
                "/media/profile_picture/{file}",
                of(PictureKind::ProfilePicture),
            )
            .route("/media/app_logo/{file}", of(PictureKind::AppLogo))
            .with_state(self)
    }

    async fn serve(&self, kind: PictureKind, file: &str) -> Response {
        let missing = (StatusCode::NOT_FOUND, "There is no such picture.\n");
        let Some(content_type) = content_type(file) else {
            return missing.into_response();
        };
        let path = self.folder.join(kind.folder()).join(file);
        let content = match tokio::fs::read(path).await {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return missing.into_response();
            }
            Err(error) => {
                tracing::error!(%error, "a picture could not be read");
                return (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "This picture cannot be read.\n",
                )
                    .into_response();
            }
        };
        let headers = [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::CONTENT_DISPOSITION, "inline"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; sandbox",
            ),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                "cross-origin",
            ),
        ];
        (headers, content).into_response()
    }
}

/// What a name of ours says its file is: 32 hexadecimal digits and an ending. Anything else, a path
/// above all, is no name of ours.
fn content_type(file: &str) -> Option<&'static str> {
    let (name, ending) = file.split_once('.')?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if name.len() != 32 || !name.bytes().all(is_hex) {
        return None;
    }
    match ending {
        "jpg" => Some("image/jpeg"),
        "png" => Some("image/png"),
        _ => None,
    }
}

fn make_anew(cut: Option<CropSquare>, file: &[u8]) -> Result<Picture, PictureError> {
    let format = image::guess_format(file)
        .ok()
        .filter(|format| [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP].contains(format))
        .ok_or(PictureError::NotAPicture)?;
    // The first look is limited too: a colour profile is unpacked with the header.
    let (width, height) = limited(file, format, FIRST_LOOK)
        .into_dimensions()
        .map_err(|_| PictureError::Damaged)?;
    if width > LONGEST_SIDE || height > LONGEST_SIDE {
        return Err(PictureError::TooManyPixels);
    }
    let image = decode(file, format).map_err(|_| PictureError::Damaged)?;
    let image = match cut {
        Some(square) => square.cut(&image),
        None => image,
    };
    let (width, height) = (image.width(), image.height());
    let image = if width > KEPT_SIDE || height > KEPT_SIDE {
        image.thumbnail(KEPT_SIDE, KEPT_SIDE)
    } else {
        image
    };
    encode(&image).map_err(|_| PictureError::Damaged)
}

/// A reader that takes no more memory than this from the first byte on.
fn limited(file: &[u8], format: ImageFormat, memory: u64) -> ImageReader<Cursor<&[u8]>> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(memory);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    reader
}

fn decode(file: &[u8], format: ImageFormat) -> image::ImageResult<DynamicImage> {
    let mut reader = limited(file, format, MEMORY);
    // What is larger was told apart before, in words of its own.
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // Cameras write which way is up beside the pixels; what is stripped has to be done instead.
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// PNG where something shines through, JPEG otherwise.
fn encode(image: &DynamicImage) -> image::ImageResult<Picture> {
    let pixels = image.to_rgba8();
    let shines_through = image.color().has_alpha() && pixels.pixels().any(|pixel| pixel.0[3] < 255);
    let mut content = Vec::new();
    if shines_through {
        pixels.write_to(&mut Cursor::new(&mut content), ImageFormat::Png)?;
    } else {
        JpegEncoder::new_with_quality(&mut content, JPEG_QUALITY).encode_image(&image.to_rgb8())?;
    }
    let ending = if shines_through { "png" } else { "jpg" };
    Ok(Picture { ending, content })
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;
    use crate::platform::rng::OsRng;

    fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut content = Vec::new();
        image
            .write_to(&mut Cursor::new(&mut content), format)
            .unwrap();
        content
    }

    /// Left half red, right half blue.
    fn flag(width: u32, height: u32) -> DynamicImage {
        let colour = |x: u32| {
            if x < width / 2 {
                [250, 10, 10]
            } else {
                [10, 10, 250]
            }
        };
        RgbImage::from_fn(width, height, |x, _| Rgb(colour(x))).into()
    }

    /// A PNG chunk: length, kind, content, CRC.
    fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(content.len()).unwrap().to_be_bytes().to_vec();
        let covered: Vec<u8> = kind.iter().chain(content).copied().collect();
        bytes.extend(&covered);
        let mut crc = u32::MAX;
        for byte in covered {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            }
        }
        bytes.extend((!crc).to_be_bytes());
        bytes
    }

    /// The beginning of a PNG that says it has so many pixels.
    fn png_header(width: u32, height: u32) -> Vec<u8> {
        let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
        header.extend([8, 6, 0, 0, 0]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        file.extend(chunk(*b"IHDR", &header));
        file.extend(chunk(
            *b"IDAT",
            &[0x78, 0x9c, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 1],
        ));
        file.extend(chunk(*b"IEND", &[]));
        file
    }

    /// An EXIF segment that says where the camera was and that its top is on the left.
    fn exif(jpeg: &[u8]) -> Vec<u8> {
        let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
        // Orientation (0x0112), short, one value: 8, to be turned by 270 degrees.
        tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0]);
        // GPS info (0x8825), long, one value: an offset.
        tiff.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
        tiff.extend([0, 0, 0, 0]);
        tiff.extend(b"GPS 19.1334 N 72.9133 E");
        let mut segment = b"Exif\0\0".to_vec();
        segment.extend(tiff);
        let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
        [&jpeg[..2], &[0xff, 0xe1], &length, &segment, &jpeg[2..]].concat()
    }

    fn make_logo(file: &[u8]) -> Result<Picture, PictureError> {
        make_anew(None, file)
    }

    fn read(picture: &Picture) -> DynamicImage {
        image::load_from_memory(&picture.content).unwrap()
    }

    #[test]
    fn the_three_formats_are_taken_and_made_anew() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let file = written(&flag(60, 40), format);
            let picture = make_logo(&file).unwrap();
            assert_eq!(picture.ending, "jpg");
            assert_ne!(picture.content, file);
            let image = read(&picture).to_rgb8();
            assert_eq!(image.dimensions(), (60, 40));
            assert!(image.get_pixel(5, 5).0[0] > 200 && image.get_pixel(55, 5).0[2] > 200);
        }
    }

    #[test]
    fn what_shines_through_goes_on_shining_through() {
        let image = RgbaImage::from_fn(8, 8, |x, _| Rgba([0, 0, 0, if x < 4 { 0 } else { 255 }]));
        let picture = make_logo(&written(&image.into(), ImageFormat::WebP)).unwrap();
        assert_eq!(picture.ending, "png");
        assert_eq!(read(&picture).to_rgba8().get_pixel(1, 1).0[3], 0);
        let opaque = RgbaImage::from_pixel(8, 8, Rgba([1, 2, 3, 255]));
        let picture = make_logo(&written(&opaque.into(), ImageFormat::Png)).unwrap();
        assert_eq!(picture.ending, "jpg");
    }

    #[test]
    fn large_pictures_become_smaller_and_keep_their_shape() {
        let picture = make_logo(&written(&flag(4096, 1024), ImageFormat::Png)).unwrap();
        let image = read(&picture);
        assert_eq!((image.width(), image.height()), (1024, 256));
    }

    #[test]
    fn people_are_shown_by_the_middle_of_their_picture() {
        for (width, height, side) in [(60, 40, 40), (40, 60, 40), (4096, 1200, 1024), (4096, 1, 1)]
        {
            let file = written(&flag(width, height), ImageFormat::Png);
            let picture = make_anew(Some(CropSquare::MIDDLE), &file).unwrap();
            let image = read(&picture).to_rgb8();
            assert_eq!(image.dimensions(), (side, side), "{width} × {height}");
            if side > 1 {
                let ends = [
                    image.get_pixel(1, side / 2),
                    image.get_pixel(side - 2, side / 2),
                ];
                assert!(
                    ends[0].0[0] > 200 && ends[1].0[2] > 200,
                    "{width} × {height}"
                );
            }
        }
    }

    #[test]
    fn the_square_is_where_it_was_put() {
        let cut = |zoom, across| {
            let square = CropSquare::new(zoom, across, 0).unwrap();
            let file = written(&flag(400, 200), ImageFormat::Png);
            let image = read(&make_anew(Some(square), &file).unwrap()).to_rgb8();
            let side = image.width();
            let red = |x| image.get_pixel(x, side / 2).0[0] > 200;
            (side, red(1), red(side - 2))
        };
        assert_eq!(cut(100, 0), (200, true, true));
        assert_eq!(cut(100, 50), (200, true, false));
        assert_eq!(cut(100, 100), (200, false, false));
        assert_eq!(cut(400, 50), (50, true, false));
        assert_eq!(cut(400, 40), (50, true, true));
        assert_eq!(cut(300, 100), (66, false, false));
    }

    #[test]
    fn no_square_lies_outside_of_its_picture() {
        for (zoom, across, down) in [(99, 0, 0), (401, 0, 0), (100, 101, 0), (100, 0, u32::MAX)] {
            assert_eq!(CropSquare::new(zoom, across, down), None);
        }
        for (width, height) in [(1, 1), (4096, 1), (1, 4096), (3, 2)] {
            for (zoom, place) in [(100, 0), (400, 100), (399, 99)] {
                let square = CropSquare::new(zoom, place, place).unwrap();
                let cut = square.cut(&flag(width, height));
                assert_eq!(cut.width(), cut.height());
            }
        }
    }

    #[test]
    fn a_header_that_promises_too_many_pixels_is_believed() {
        for (width, height) in [(50_000, 50_000), (4097, 1), (1, 4097), (100_000, 1)] {
            let refused = make_logo(&png_header(width, height));
            assert!(
                matches!(refused, Err(PictureError::TooManyPixels)),
                "{width} × {height}"
            );
        }
    }

    #[test]
    fn a_header_that_promises_pixels_that_do_not_come_is_damage() {
        let refused = make_logo(&png_header(4096, 4096));
        assert!(matches!(refused, Err(PictureError::Damaged)));
    }

    #[test]
    fn other_kinds_of_file_are_refused_whatever_they_are_called() {
        let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
        let avif = b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B";
        let html = b"<!doctype html><script>alert(1)</script>";
        for file in [
            &gif[..],
            svg,
            avif,
            html,
            b"",
            b"\x89PNG",
            b"BM",
            b"%PDF-1.7",
        ] {
            assert!(matches!(make_logo(file), Err(PictureError::NotAPicture)));
        }
    }

    #[test]
    fn what_hides_behind_the_picture_is_gone() {
        let script = b"<script>alert(document.domain)</script>";
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let mut file = written(&flag(20, 20), format);
            file.extend(script);
            let Ok(picture) = make_logo(&file) else {
                continue;
            };
            let found = picture.content.windows(7).any(|bytes| bytes == b"<script");
            assert!(!found, "{format:?}");
        }
        let mut file = png_header(1, 1);
        file.splice(
            33..33,
            chunk(*b"tEXt", b"Comment\0<script>alert(1)</script>"),
        );
        assert!(make_logo(&file).is_err());
    }

    #[test]
    fn where_the_camera_was_is_gone_and_up_stays_up() {
        let file = exif(&written(&flag(60, 40), ImageFormat::Jpeg));
        let picture = make_logo(&file).unwrap();
        let found = |what: &[u8]| {
            picture
                .content
                .windows(what.len())
                .any(|bytes| bytes == what)
        };
        assert!(!found(b"Exif") && !found(b"GPS"));
        let image = read(&picture).to_rgb8();
        assert_eq!(image.dimensions(), (40, 60));
        assert!(
            image.get_pixel(20, 55).0[0] > 200,
            "the left is at the bottom"
        );
    }

    #[test]
    fn cut_off_files_are_refused_or_whole_and_never_a_panic() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let file = written(&flag(64, 64), format);
            for length in 0..file.len() {
                let _ = make_logo(&file[..length]);
            }
        }
        let png = written(&flag(64, 64), ImageFormat::Png);
        assert!(make_logo(&png[..png.len() / 2]).is_err());
    }

    #[tokio::test]
    async fn a_file_of_more_than_two_mebibytes_is_not_looked_at() {
        let pictures = Pictures::new("/nonexistent");
        let refused = pictures
            .accept(PictureKind::AppLogo, Bytes::from(vec![0; LARGEST_FILE + 1]))
            .await;
        assert!(matches!(refused, Err(PictureError::TooLarge)));
    }

    #[test]
    fn only_names_of_ours_are_names() {
        let name = "0123456789abcdef0123456789abcdef";
        assert_eq!(content_type(&format!("{name}.jpg")), Some("image/jpeg"));
        for file in [
            format!("{name}.svg"),
            format!("{name}.jpg.html"),
            format!("../{name}.jpg"),
            format!("{}.jpg", name.to_uppercase()),
            "../../secret".to_owned(),
            String::new(),
        ] {
            assert_eq!(content_type(&file), None, "{file}");
        }
    }

    #[tokio::test]
    async fn a_picture_is_kept_served_and_discarded() {
        let folder = std::env::temp_dir().join(format!("profiles-pictures-{}", std::process::id()));
        let pictures = Pictures::new(&folder);
        let file = Bytes::from(written(&flag(8, 8), ImageFormat::Png));
        let picture = pictures.accept(PictureKind::AppLogo, file).await.unwrap();
        let name = pictures
            .keep(PictureKind::AppLogo, &picture, &OsRng)
            .await
            .unwrap();
        let answer = pictures.serve(PictureKind::AppLogo, &name).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "image/jpeg");
        assert_eq!(
            answer.headers()["cross-origin-resource-policy"],
            "cross-origin"
        );
        let other = pictures.serve(PictureKind::ProfilePicture, &name).await;
        assert_eq!(other.status(), StatusCode::NOT_FOUND);
        pictures.discard(PictureKind::AppLogo, &name).await;
        let answer = pictures.serve(PictureKind::AppLogo, &name).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_packed_colour_profile_cannot_ask_for_gigabytes() {
        use image::ImageEncoder;
        use image::codecs::png::PngEncoder;

        let mut file = Vec::new();
        let mut encoder = PngEncoder::new(&mut file);
        encoder.set_icc_profile(vec![0; 200 << 20]).unwrap();
        encoder
            .write_image(&[0; 4], 1, 1, image::ExtendedColorType::Rgba8)
            .unwrap();
        assert!(file.len() < LARGEST_FILE, "{}", file.len());
        // Beyond the limits a profile is left packed, at the first look and when decoding.
        for memory in [FIRST_LOOK, MEMORY] {
            let mut decoder = limited(&file, ImageFormat::Png, memory)
                .into_decoder()
                .unwrap();
            assert!(decoder.icc_profile().unwrap().is_none());
        }
    }
}
