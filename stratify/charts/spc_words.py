"""The words of control charts and funnels, in Danish and in English."""

from __future__ import annotations

from types import MappingProxyType

SPC_WORDS = MappingProxyType(
    {
        "da": MappingProxyType(
            {
                "period": "Periode",
                "median": "Median",
                "mean": "Gennemsnit",
                "limits": "Kontrolgrænser (3 sigma)",
                "lower": "Nedre grænse",
                "upper": "Øvre grænse",
                "target": "Mål",
                "immature": "Endnu ikke modent",
                "excluded": "Udeladt",
                "hidden": "For få til at vise",
                "none": "Ingen i nævneren",
                "outside": "Uden for grænserne",
                "run": "Usædvanlig lang serie",
                "seven": "Syv på samme side",
                "trend": "Syv stigende eller faldende",
                "two_of_three": "To af tre nær en grænse",
                "baseline": "basisperiode slut",
                "part": "ny del",
                "said": "Signal",
                "counted": "{n} punkter tæller.",
                "none_said": "Ingen signaler.",
                "unit": "Enhed",
                "size": "Nævner",
                "limit95": "95 %-grænser",
                "limit998": "99,8 %-grænser",
                "beyond95": "Uden for 95 %",
                "beyond998": "Uden for 99,8 %",
                "units": "{n} enheder.",
                "widened": "Grænserne er udvidet: enhederne varierer mere end tilfældigt.",
                "exact": "Grænserne er eksakte.",
                "varies": "Enhederne varierer mere end tilfældigt, men er for få til at udvide grænserne.",
            }
        ),
        "en": MappingProxyType(
            {
                "period": "Period",
                "median": "Median",
                "mean": "Mean",
                "limits": "Control limits (3 sigma)",
                "lower": "Lower limit",
                "upper": "Upper limit",
                "target": "Target",
                "immature": "Not yet mature",
                "excluded": "Left out",
                "hidden": "Too few to show",
                "none": "Nobody in the denominator",
                "outside": "Outside the limits",
                "run": "Run that is too long",
                "seven": "Seven on one side",
                "trend": "Seven rising or falling",
                "two_of_three": "Two of three near a limit",
                "baseline": "end of baseline",
                "part": "new part",
                "said": "Signal",
                "counted": "{n} points count.",
                "none_said": "No signals.",
                "unit": "Unit",
                "size": "Denominator",
                "limit95": "95% limits",
                "limit998": "99.8% limits",
                "beyond95": "Outside 95%",
                "beyond998": "Outside 99.8%",
                "units": "{n} units.",
                "widened": "Limits are widened: units vary more than by chance.",
                "exact": "Limits are exact.",
                "varies": "Units vary more than by chance, but are too few to widen the limits.",
            }
        ),
    }
)
