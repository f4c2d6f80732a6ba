"""People written by hand as lines of contacts, landed as Danish registers would bring them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stratify.catalogue import load
from stratify.store.land import land

PEOPLE_TO = "2019-12-31"
TITLES = {
    "lpr_a_kontakt": "pnr,dw_ek_kontakt,kont_starttidspunkt,kont_sluttidspunkt,kont_type,prioritet,kont_ans_hovedspec,"
    "adiag,kont_ans_inst,lprindberetningssystem",
    "lpr_a_diagnose": "dw_ek_kontakt,diag_kode,diag_kode_type",
    "lpr_adm": "pnr,recnum,d_inddto,d_uddto,v_indtime,c_pattype,c_indm,c_adiag,c_sgh",
    "lpr_diag": "recnum,c_diag,c_diagtype",
    "t_psyk_adm": "v_cpr,k_recnum,d_inddto,d_uddto,v_indtime,c_pattype,c_indm,c_adiag,c_sgh",
    "t_psyk_diag": "v_recnum,c_diag,c_diagtype",
    "dod": "pnr,doddato",
}  # fmt: skip
SPECIALTY = {"somatic": "intern medicin", "psychiatric": "psykiatri"}


@pytest.fixture(scope="module")
def catalogue():
    return load(None)


@pytest.fixture(scope="module")
def landed(tmp_path_factory, catalogue) -> Callable[..., Path]:
    """Land contacts of several people, a text of lines each; return the store's folder.

    A contact: from when to when, somatic or psychiatric care, acute or planned, the unit, the action diagnosis, and
    what else it is: `LPR2 0` is an inpatient contact of the register before 3 February 2019, which knows days, seldom
    hours; `ALCA03` is a contact by video. `more`: further lines of the tables by name.
    """

    def run(people: dict[str, str], more: dict[str, list[str]] | None = None) -> Path:
        rows: dict[str, list[str]] = {name: [title] for name, title in TITLES.items()}
        rows["lpr_a_kontakt"].append("other,other,2019-03-01 08:00,2019-03-01 08:10,ALCA03,ATA3,x,,,LPR3")
        rows["lpr_a_diagnose"].append("other,DI10,A")
        for pnr, contacts in people.items():
            for number, line in enumerate(contacts.strip().splitlines()):
                _contact(rows, pnr, f"{pnr}-{number}", line)
        for name, lines in (more or {}).items():
            rows[name] += lines
        place = tmp_path_factory.mktemp("landed")
        data, out = place / "extract", place / "store"
        data.mkdir()
        out.mkdir()
        for name, lines in rows.items():
            (data / f"{name}.csv").write_text("\n".join(lines) + "\n")
        bef = [
            "pnr,koen,foed_dag,referencetid,kom",
            *(f"{pnr},1,1950-01-01,{PEOPLE_TO},751" for pnr in (*people, "other")),
        ]
        (data / "bef.csv").write_text("\n".join(bef) + "\n")
        land("danish", data, out, catalogue, lambda told: None)
        return out

    return run


def _contact(rows: dict[str, list[str]], pnr: str, key: str, line: str) -> None:
    when, care, *how = [part.strip() for part in line.split("|")]
    start, end = [part.strip() for part in when.split(" to ")]
    priority, unit, code, kind = (*how, "", "")[:4]
    if not kind.startswith("LPR2"):
        form = kind or "ALCA00"
        ends = "" if end == "open" else end
        prioritet = {"acute": "ATA1", "planned": "ATA3"}[priority]
        rows["lpr_a_kontakt"].append(
            f"{pnr},{key},{start},{ends},{form},{prioritet},{SPECIALTY[care]},{code},{unit},LPR3"
        )
        return
    table = "lpr_adm" if care == "somatic" else "t_psyk_adm"
    day, _, hour = start.partition(" ")
    ends = "" if end == "open" else end
    rows[table].append(
        f"{pnr},{key},{day},{ends},{hour[:2]},{kind[-1]},{ {'acute': 1, 'planned': 2}[priority] },{code},{unit}"
    )
