"""Makes the small fonts of this folder from Inter's static OpenType files (SIL Open Font License 1.1) and from DejaVu
Sans (its own free licence, DEJAVU.txt).

    pip install fonttools
    python make_fonts.py FOLDER_WITH_INTER_OTF_FILES FILE_OF_DEJAVU_SANS

Writes Inter-Regular.otf and Inter-SemiBold.otf, cut to the scripts that the window shows, and Inter-Digits.otf: digits,
signs and separators whose ordinary glyphs are Inter's tabular ones, so that columns of numbers line up. Symbols.ttf holds
signs of mathematics, arrows and marks that Inter lacks and models may write.
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

TEXT = [
    *range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x2B0, 0x370), *range(0x370, 0x400), *range(0x400, 0x530),
    *range(0x1E00, 0x1F00), *range(0x2000, 0x2070), *range(0x2070, 0x20A0), *range(0x20A0, 0x20D0),
    *range(0x2100, 0x2150), *range(0x2150, 0x2200), *range(0x2200, 0x2300), *range(0x2300, 0x2400), 0x2423,
    *range(0x25A0, 0x2600), *range(0x2600, 0x2800), 0xFFFD,
]
SYMBOLS = [
    *range(0x2190, 0x2200), *range(0x2200, 0x2300), *range(0x2423, 0x2424), *range(0x2580, 0x25A0),
    *range(0x2610, 0x2614), *range(0x2660, 0x2668), *range(0x2713, 0x2719), *range(0x27E8, 0x27EA), 0xFFFD,
]
DIGITS = "0123456789+-−×=.,:%<>≤≥~≈±∞– "


def cut(source: Path, target: Path, codepoints, features) -> None:
    font = TTFont(source)
    options = subset.Options(layout_features=features, hinting=False, name_IDs=["*"], notdef_outline=True)
    maker = subset.Subsetter(options)
    maker.populate(unicodes=codepoints)
    maker.subset(font)
    font.save(target)
    print(target, target.stat().st_size, "bytes")


def tabular(source: Path, target: Path) -> None:
    font = TTFont(source)
    swaps = {}
    gsub = font["GSUB"].table
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for table in gsub.LookupList.Lookup[index].SubTable:
                    swaps.update(getattr(getattr(table, "ExtSubTable", table), "mapping", {}))
    for table in font["cmap"].tables:
        table.cmap = {code: swaps.get(name, name) for code, name in table.cmap.items()}
    middle = target.with_suffix(".tmp.otf")
    font.save(middle)
    cut(middle, target, [ord(c) for c in DIGITS], [])
    middle.unlink()


if __name__ == "__main__":
    here = Path(__file__).parent
    inter, dejavu = Path(sys.argv[1]), Path(sys.argv[2])
    for weight in ["Regular", "SemiBold"]:
        cut(inter / f"Inter-{weight}.otf", here / f"Inter-{weight}.otf", TEXT, ["kern", "ccmp", "mark", "mkmk", "locl"])
    tabular(inter / "Inter-Regular.otf", here / "Inter-Digits.otf")
    cut(dejavu, here / "Symbols.ttf", SYMBOLS, [])
