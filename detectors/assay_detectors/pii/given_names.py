"""More given names of many languages, in lower case: what stands under a bare key `name` and begins so is a person."""

from __future__ import annotations

from assay_detectors.pii.dataset_names import GIVEN_NAMES

_NAMES = """
abdul abebe adaeze adebayo aditi aditya adwoa agnieszka aicha aiko akira alejandra aleksander aleksandra alessandra
alessandro alfonso alina alvaro amadou amara amina amit amrita ananya anastasia andile angelo aniket anil anjali ankit
annika antoine antonia anya arjun armando arturo arun asha asif astou ayesha aylin aziz baptiste bartosz beata bianca
bilal birgit bogdan boris bruna bruno caoimhe carmen catarina cecilia celine chiara chidi chinedu chioma ciara claudia
clemens conor cristian cristina daan dalia damian daniela danilo darius deepak deepika devi diana diego dieter dimitri
divya dmitri dominik dorota eduardo ekaterina elena eleni elif emeka emilia emilio emre enrique enzo erika ernesto
esra esther etienne eva ewa fabian fabio farah fatima fatou federico felipe fernanda fernando fiona florian francesca
francesco francisco franz frida gabriela gabriele giorgio giovanni giulia goran grace grzegorz guillermo gustavo hamza
hana hanna hannah haruki hassan hector heidi helena hendrik henrik hiroshi huda hugo hussein ian ibrahim igor ikram
imran ines ingrid irina isabel isabella isolde ivan ivana jamal jamila jan jana javier jiang jin joana joao joaquin
johan johanna jonas joost jorge josef josefine juan juana julian juliana jurgen kacper kamal karim karolina kasia
katja katrin kavita keiko kenji khadija khalid kofi konrad kwame lars laszlo lea leila lena leon leonardo leticia li
lina ling lorenzo luca lucia luis luisa lukas magda magdalena mahmoud maja malik manuel marcelo marcin marco marek
mariam mariana mario marisol marta marten mateo matteo matthias mehmet mei miguel mikhail mila milan miriam mohamed
mohammed monika mustafa nadia naoko nasrin natalia neha ngozi nia nicolas niels nikhil nikolai nina nkechi noor nora
olga olivia oluwaseun omar oscar pablo paolo patrice patrycja paulina paulo pedro petra pierre pilar pooja pradeep
priya priyanka rafael rahul raj rajesh ramon rania ravi renate rene renee ricardo rita roberta roberto rohan rosa
rosario ruben sabine sachin sadia sakura salma samir sandeep sanjay santiago sara saskia satoshi sergei sergio shreya
silvia simone siobhan sofia soren stefan stefania suresh sven svetlana takashi tamara tariq tatiana teresa thabo
thandiwe tomas tomasz ulrich ulrike uwe valentina valeria veronica vijay vikram viktor vincenzo wei wiktoria wolfgang
xavier xin yan yara yasmin yasmine yelena yuki yusuf yuto zainab zeynep zofia zoltan
"""

PERSON_NAMES: frozenset[str] = GIVEN_NAMES | frozenset(_NAMES.split())
