"""A seal opens with its key and for its person alone, and shows nothing of what is in it."""

import base64

import pytest

from stratify.sealed import seal, unseal

KEY, PERSON, OTHER = b"k" * 32, "a" * 64, "b" * 64
WHO = ("urn:oid:1.2.208.176.1.2", "0101010000")


def test_a_seal_opens_again_and_no_two_are_alike():
    one, two = seal(KEY, PERSON, *WHO), seal(KEY, PERSON, *WHO)
    assert unseal(KEY, PERSON, one) == unseal(KEY, PERSON, two) == WHO
    assert one != two
    assert WHO[1].encode() not in base64.b64decode(one)


@pytest.mark.parametrize("key, person", [(b"l" * 32, PERSON), (KEY, OTHER)])
def test_with_another_key_or_moved_to_another_persons_row_it_does_not_open(key, person):
    with pytest.raises(ValueError, match="another key, or for another person"):
        unseal(key, person, seal(KEY, PERSON, *WHO))


def test_a_seal_in_which_anything_was_changed_does_not_open():
    raw = base64.b64decode(seal(KEY, PERSON, *WHO))
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(ValueError, match="another key"):
            unseal(KEY, PERSON, base64.b64encode(changed).decode())
