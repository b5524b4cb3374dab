"""Names of people who do not exist."""

from random import Random

_FIRST = (
    *('Ada', 'Ben', 'Cleo', 'Dario', 'Edda', 'Femi', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Kaja'),
    *('Levi', 'Mira', 'Nils', 'Olga', 'Paulo', 'Runa', 'Sami', 'Tilda', 'Umar', 'Vera', 'Wim'),
    *('Yara', 'Zeno'),
)

_LAST = (
    *('Almstad', 'Brunner', 'Castanho', 'Dlamow', 'Eriksvik', 'Fontagne', 'Grell', 'Hartsen'),
    *('Iwanik', 'Jarosch', 'Kembi', 'Lindau', 'Moreni', 'Novosat', 'Okwari', 'Petruk', 'Quandt'),
    *('Rossano', 'Sandvoll', 'Tarkan', 'Ulloa', 'Vester', 'Walden', 'Zelnik'),
)


def sample_name(rng: Random) -> str:
    """Sample a first and a last name."""
    return f'{rng.choice(_FIRST)} {rng.choice(_LAST)}'
