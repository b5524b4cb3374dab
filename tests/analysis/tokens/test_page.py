import base64
import json
import re

import numpy as np
from PIL import Image

from mmseg_tome.analysis.tokens.maps import TokenMap
from mmseg_tome.analysis.tokens.page import TokenPage
from mmseg_tome.analysis.tokens.viewer import TokenView

PALETTE = np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200]], np.uint8)
SLOTS = np.array([[0, 1, 70000], [3, 3, 0]])  # more slots than 16 bits hold


def make_view(name):
    labels = np.zeros((32, 48), int)
    merged = labels.copy()
    merged[:8] = 2
    maps = [TokenMap(1, 1, 'kv', SLOTS, 16), TokenMap(1, 1, 'q', SLOTS, 16)]
    return TokenView(name, 'hq', np.full((32, 48, 3), 90, np.uint8), maps, labels, merged)


def write_page(folder, names):
    page = TokenPage(folder, ['road', 'unseen', 'sky'], PALETTE)
    for name in names:
        page.add(make_view(name))
    text = page.write('hq', 'tiny, tiny.pth').read_text('utf-8')
    return text, json.loads(re.search(r'^const data = (.*);$', text, re.MULTILINE)[1])


def test_data_of_the_page(tmp_path):
    _, data = write_page(tmp_path, ['a', 'b'])
    assert (data['strategy'], data['source']) == ('hq', 'tiny, tiny.pth')
    assert [image['name'] for image in data['images']] == ['a', 'b']
    image = data['images'][1]
    assert (image['width'], image['height'], image['changed']) == (48, 32, 0.25)
    assert image['swaps'] == [{'before': 'road', 'after': 'sky', 'share': 0.25}]
    assert [c['name'] for c in image['classes']] == ['road', 'sky']
    assert image['classes'][1]['color'] == 'rgb(0 0 200)'
    tokens = image['maps'][1]
    assert (tokens['stage'], tokens['block'], tokens['side']) == (1, 1, 'queries')
    assert (tokens['h'], tokens['w'], tokens['left'], tokens['largest']) == (2, 3, 4, 2)
    slots = np.frombuffer(base64.b64decode(tokens['slots']), '<u4')
    assert np.array_equal(slots, SLOTS.ravel())


def test_pictures_are_beside_the_page_and_nothing_comes_from_elsewhere(tmp_path):
    text, data = write_page(tmp_path, ['a', 'b'])
    named = {
        path
        for image in data['images']
        for path in [*image['pictures'].values(), *(m['picture'] for m in image['maps'])]
    }
    written = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob('*.png')}
    assert named == written and len(named) == 12
    assert np.asarray(Image.open(tmp_path / data['images'][0]['pictures']['merged'])).shape == (
        32,
        48,
        3,
    )
    assert not re.search(r'https?:|<link|<script [^>]*src|@import|url\(', text)


def test_every_control_has_a_label(tmp_path):
    text, _ = write_page(tmp_path, ['a'])
    for control in re.findall(r'<(?:select|input|canvas)[^>]*>', text):
        identifier = re.search(r'id="(\w+)"', control)[1]
        assert f'<label for="{identifier}"' in text or 'aria-label=' in control
    used = set(re.findall(r"\$\('(\w+)'\)", text))
    assert used and used <= set(re.findall(r'id="(\w+)"', text))


def test_names_cannot_end_the_script(tmp_path):
    text, data = write_page(tmp_path, ['</script><b>'])
    assert data['images'][0]['name'] == '</script><b>'
    assert text.count('</script>') == 1
