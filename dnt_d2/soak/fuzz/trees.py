"""Changes of XML and JSON: of elements and values, not of letters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from random import Random
from typing import Any
from xml.etree import ElementTree

from . import nasty
from .flat import change_bytes, finish

_MARK = "\ue000"  # around what is to stand in a JSON without quotes
_NEST = "nest"  # stands for an element in an element in an element
_DEEP = (10, 200, 5000)
_DECLARATIONS = (
    '<?xml version="1.0" encoding="utf-8"?>',
    '<?xml version="1.0" encoding="utf-16"?>',
    '<?xml version="1.0" encoding="latin-1"?>',
    '<?xml version="1.0" encoding="nothing"?>',
    '<?xml version="1.0" encoding="utf-7"?>',
    '<?xml version="1.1"?>',
    '<?xml version="1.0" encoding="shift_jis"?>',
    '<!DOCTYPE annotation [<!ENTITY a "7"><!ENTITY b "&a;&a;">]>',
    '<!DOCTYPE annotation SYSTEM "file:///etc/hostname">',
    '<!DOCTYPE annotation [<!ENTITY % a SYSTEM "http://localhost/x"> %a;]>',
    "<!-- -->",
    "<?pi x?>",
    "\ufeff",
    " ",
)


def change_xml(random: Random, seeds: Sequence[bytes]) -> bytes:
    """Changes of the elements of an XML; sometimes of its declaration, its encoding or its bytes."""
    if random.random() < 0.15:
        return change_bytes(random, random.choice(seeds), seeds)
    root = ElementTree.fromstring(random.choice(seeds))
    other = ElementTree.fromstring(random.choice(seeds))
    for _ in range(nasty.times(random)):
        _change_element(random, root, other)
    text = ElementTree.tostring(root, "unicode")
    if f"<{_NEST} />" in text:
        tag, count = random.choice(("object", "x")), random.choice(_DEEP)
        text = text.replace(f"<{_NEST} />", f"<{tag}>" * count + f"</{tag}>" * random.choice((count, count, 0)))
    if random.random() < 0.1:
        text = random.choice(_DECLARATIONS) + text
    if random.random() < 0.05:
        text = text.replace(">1<", random.choice((">&a;<", ">&b;<", "><![CDATA[1]]><", ">&#49;<", ">1<!-- x --><")))
    return finish(random, text, seeds)


def _change_element(random: Random, root: ElementTree.Element, other: ElementTree.Element) -> None:
    node = random.choice(list(root.iter()))
    children = list(node)
    dice = random.random()
    if dice < 0.45:
        leaves = [leaf for leaf in root.iter() if not len(leaf)]
        random.choice(leaves or [root]).text = nasty.either(random)
    elif dice < 0.57 and children:
        node.remove(random.choice(children))
    elif dice < 0.68 and children:
        node.insert(random.randrange(len(children) + 1), deepcopy(random.choice(children)))
    elif dice < 0.76:
        node.append(deepcopy(random.choice(list(other.iter()))))
    elif dice < 0.84:
        node.tag = random.choice(
            ("object", "bndbox", "size", "name", "x", "xmin", "width", "trackid", node.tag.upper())
        )
    elif dice < 0.88:
        node.set(random.choice(("xmlns", "id", "x")), nasty.text(random))
    elif dice < 0.93 and children:
        random.shuffle(children)
        node[:] = children
    elif dice < 0.97:
        node.tail = nasty.text(random)
    else:
        node.insert(0, ElementTree.Element(_NEST))


def change_json(random: Random, seeds: Sequence[bytes]) -> bytes:
    """Changes of the values of a JSON; sometimes of its bytes."""
    if random.random() < 0.15:
        return change_bytes(random, random.choice(seeds), seeds)
    content, other = json.loads(random.choice(seeds)), json.loads(random.choice(seeds))
    raw: list[str] = []
    holder = [content]
    for _ in range(nasty.times(random)):
        _change_value(random, holder, other, raw)
    text = json.dumps(holder[0], ensure_ascii=random.random() < 0.5)
    for place, words in enumerate(raw):
        text = text.replace(json.dumps(f"{_MARK}{place}{_MARK}"), words).replace(f'"{_MARK}{place}{_MARK}"', words)
    if random.random() < 0.03:
        text = text.replace(": ", random.choice((": 1, ", "", "::", ": -", ": 0")), 1)
    return finish(random, text, seeds)


def _slots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each value in a tree, as what holds it and its key there."""
    stack = [value]
    while stack:
        holder = stack.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            yield holder, key
            if isinstance(holder[key], dict | list):
                stack.append(holder[key])


def _change_value(random: Random, root: list[Any], other: Any, raw: list[str]) -> None:
    slots = list(_slots(root))
    holder, key = random.choice(slots)
    dice = random.random()
    if dice < 0.4:
        holder[key] = _value(random, raw)
    elif dice < 0.52 and holder is not root:
        del holder[key]
    elif dice < 0.62 and isinstance(holder, list) and holder is not root:
        holder.insert(random.randrange(len(holder) + 1), _copy(holder[key]))
    elif dice < 0.74:
        there = list(_slots([other]))
        where, which = random.choice(there)
        holder[key] = _copy(where[which])
    elif dice < 0.82:
        place, at = random.choice(slots)
        holder[key], place[at] = _copy((place[at], holder[key]))
    elif dice < 0.9 and isinstance(holder, dict):
        holder[random.choice((nasty.text(random), "id", "name", key))] = _value(random, raw)
    else:
        holder[key] = random.choice(([holder[key]], {"x": holder[key]}, [holder[key]] * 3, str(holder[key])))
        holder[key] = _copy(holder[key])


def _copy(value: Any) -> Any:
    """Of which no part is shared: a tree that holds itself has no end."""
    return json.loads(json.dumps(value))


def _value(random: Random, raw: list[str]) -> Any:
    dice = random.random()
    if dice < 0.3:
        return random.choice((None, True, False, [], {}, "", 0, -1, 1, 0.5, 1e300, 2**31, 2**63, 10**30, [[]], [None]))
    if dice < 0.5:
        return nasty.text(random)
    if dice < 0.6:
        return random.randrange(-3, 20)
    raw.append(nasty.number(random) if dice < 0.96 else _nested(random))
    return f"{_MARK}{len(raw) - 1}{_MARK}"


def _nested(random: Random) -> str:
    count, key = random.choice(_DEEP) * 20, random.choice(("a", "id", "bbox"))
    return random.choice(("[" * count + "]" * count, "[" * count, f'{{"{key}":' * count + "1" + "}" * count))
