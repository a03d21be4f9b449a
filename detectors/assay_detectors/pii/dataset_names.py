"""Common given names, in lower case: enough to tell a list of people from a list of products. No word of other use."""

from __future__ import annotations

_NAMES = """
aaron abigail adam adrian agnes ahmed aisha alan albert alejandro alex alexander alexandra alfred ali alice alicia
allison amanda amelia amir amy ana anders andrea andreas andrew angela anita anja anna anne anthony antonio arthur
ashley astrid barbara beatriz benjamin bernard beth betty beverly bjorn bradley brandon brenda brian bruce camille
carl carla carlos carol caroline carolyn catherine charles charlotte chen chloe christian christina christine
christopher claire claudia craig crystal cynthia daniel danielle david deborah debra denise dennis derek diana
diane diego dmitri donald donna dorothy douglas dylan edward elena elizabeth ellen emily emma eric erik ethan
eugene eva evelyn fatima felix fernando francesca francis frank frances gabriel gary george gerald giovanni giulia
gloria gregory greta hannah hans harold heather heinrich helen helena henry hiroshi holly ingrid irene isabella
ivan jack jacob jacqueline james janet janice jason jean jeffrey jennifer jeremy jerry jessica jesus joan joao
joe john johannes jonathan jorge jose joseph joshua joyce juan judith judy julia julian julie julien justin karen
karin karl katarzyna katherine kathleen kathryn keith kelly kenji kenneth kevin kimberly kristen kristin krzysztof
lars laura lauren laurent leila leon leonard linda lisa lori louis louise lucas lucia luis luke madison magdalena
manuel marco margaret maria marie marilyn marta martha martin mary mateo matthew maurice megan melanie melissa
michael michelle miguel mohamed mohammed monica monika muhammad nancy natalia natalie nathan nicholas nicolas nicole
nikolai nina noah olga oliver olivia omar oscar pablo pamela patricia patrick paul paula paulo pedro peter petra
philip philippe pierre priya rachel rafael raj ralph ramon raymond rebecca ricardo richard robert roberto roger
ronald rosa roy russell ruth ryan samantha samuel sandra sara sarah satoshi scott sean sebastian sergei sharon
sheila shirley simon sofia sophia sophie stefan stephanie stephen steven susan svetlana sven tamara tammy teresa
theresa thomas tiffany timothy todd tomasz tracy tyler ursula valentina valerie vanessa veronica victor victoria
vincent virginia vladimir walter wanda wei wendy william wolfgang yasmin yuki yusuf zachary zoe
"""
GIVEN_NAMES: frozenset[str] = frozenset(_NAMES.split())
