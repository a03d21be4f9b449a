"""More given names of many languages, in lower case: what stands under a bare key `name` and begins so is a person."""

from __future__ import annotations

from assay_detectors.pii.dataset_names import GIVEN_NAMES

_NAMES = """
abdul abebe ada adaeze adaora adebayo adela adelaide adele adeline aditi aditya adriana adrien adwoa afonso agata
agathe agnieszka ahmad aicha aidan aiko aileen aimee aino akane akin akira akosua alain alana alastair alberto alec
aled alejandra aleksander aleksandra alessandra alessandro alessia alessio alexa alexandre alexandros alexey alexia
alexis alfonso alfredo alina alison alistair alma aloysius alphonse altan alva alvaro alvin amadeus amadou amalia amar
amara ambrose amelie amina amit amos amrita anais ananya anastasia anastasios andile andras andre andreea andrei
andres andrzej andy aneta angelica angelika angelina angelo aniket anil anjali ankit ann annabel annelies anneliese
annette annie annika anouk ansel antoine anton antoni antonia antonis anya ariana ariane ariel arjun arkadiusz arlene
armand armando arnaud arne arnold arseny artem arturo arun arvid asha asher ashok asif astou aubrey audrey augustin
aurelia aurelie avery axel ayako ayane ayesha aylin ayo aziz azra balazs baldwin baptiste barnaby barry bartholomew
bartosz bastian beata beatrice beatrix becky belinda ben benedict benedikt bernadette bernardo bernd bertha berthold
bertil bethany betsy bhavna bianca bilal birgit bjarne blanca bogdan bogumila bohdan bonnie boris boyan brad branislav
brendan brent brett bridget brigitta brigitte britta bronwyn bruna bruno bryan burak caitlin caleb callum calvin
camila camilla caoimhe carina carlo carlota carmen carole carsten casimir caspar cataleya catalina catarina cathy
cecilia cedric celeste celia celina celine cesar chad chantal charlene cheng chiaki chiamaka chiara chidi chika
chinedu chioma chiyo chris christa christel christoph christophe ciara cindy clara clarence claude claudia claudio
clayton clemens clementine clifford clive clothilde colette colin connie connor conor conrad constantin cora cordelia
corinna corinne cornelia cornelius courtney cristian cristina cristobal curtis cyril daan dafydd dagmar dagny daisuke
dalia damian damien damir dan dana danica daniela daniele danilo danny daphne dario darius darko darrell darren daryl
davide dean deepak deepika demetrius denis derrick desiree desmond detlef devi devon diana diego dieter dietmar
dietrich dilip dillon dimitri dinesh dirk divya dmitri dolores domenico dominic dominik dominique don donatella doreen
doris dorota dorothea dorothee doug dragan duarte duncan dusan dwayne eamon ebba ebony eddie edgar edith edmund
edoardo edouard eduard eduardo edwin efe egon eileen einar eirik ekaterina ela elaine eleanor eleanora eleftheria
elena eleni eli elias elif elijah elina elisa elisabeth elise eliza elke ella ellie elliot elmar eloise elsa elsie
elvira emanuel emeka emil emile emilia emilio emmanuel emmet emre endre enes engelbert enrique enzo erich erika erin
ernest ernesto ernst erwin esme esmeralda esperanza esra estefania estelle esther etienne eugen eugenia eunice eustace
eva evan evangelos eve evelina ewa ewan fabian fabien fabienne fabio fabrice faisal fanny farah farid fatih fatima
fatma fatou faustina federico felicia felicity feliks felipe ferdinand ferenc fergus fernanda fernando fidel filip
filippo finley finn fiona fleur flora florencia florent florian florin floyd francesca francesco francine francisco
francois franka frankie franklin franz franziska fred freddie frederic frederik fredrik freya frida friedrich fritz
gabriela gabriele gaetan gail galina gareth gaspard gavin gemma genevieve geoffrey georg georges georgina geraldine
gerard gerda gerhard gerrit gertrud gianluca gideon gilbert gilles gina ginevra giorgio giovanni gisela giulia
giuseppe gladys glen glenn goncalo goran gordon gottfried grace graciela graham grant greg gregor grzegorz gudrun
guido guilherme guillermo gunnar gunther gustavo guy gwen gwendolyn gwyneth habib hakan hakim halina hamish hamza hana
hanna hannah hannelore harald harriet harry haruka haruki harvey hasan hashim hassan hayden hayley hector heidi heike
heinz helena helene helga helmut hendrik henri henriette henrik herbert hermann herve hilary hilda hilde hildegard
hiroshi holger horst howard hubert huda hugh hugo humberto hussein hyun iain ian ibolya ibrahim ibrahima ida idris
ifeoma ignacio ignatius igor ikram ilaria ildiko ilias ilona ilse imani imelda imogen imran ines inga inge ingeborg
ingo ingrid ioana ioannis iolanda irena irina irmgard irving isaac isabel isabell isabella isabelle isaiah isak ishaan
isidora isla ismael isolde istvan ivan ivana ivar ivonne iwona jaap jacek jackie jaclyn jacques jaime jake jakob jakub
jamal jamie jamila jan jana jane janek janina janine jannis janos janusz jared jaroslav jarrod jasmina jasper javad
javier jay jeanette jeanne jeff jelena jenna jenny jens jeremiah jerome jesper jesse jiang jill jim jimena jimmy jin
joachim joana joanna joanne joao joaquin jochen joel joelle joerg johan johann johanna johnny jolanta jon jonah jonas
joost jordi jorge joris josef josefine josephine josh josie josue jozef juan juana judit jules julian juliana julieta
julio julius jun junko juraj jurgen jurgita jussi justine justyna kacper kaitlyn kalle kamal kamila kamilla kaori
karel kari karim karla karolin karolina karsten kasia kaspar kate katerina katharina kathrin kathy katie katinka katja
katrin kavita kazuki keiko kelsey ken kendra kenji kenny kerry kerstin khadija khalid kiara kieran kim kira kirill
kirsten kirsty kjell klara klaus knut kofi koji konrad konstantin kourosh krista kristian kristina kristof krisztina
krystyna kurt kwame kyle kyra lachlan laila lakshmi lamar lara larissa larry lars laszlo latoya laurence laurie
lavinia lawrence lea leah leandro leanne leila lena leo leocadia leon leona leonardo leonie leopold leroy lesley
leslie leszek leticia lev levi lewis li liam liana liisa lili lilia lilian liliana lillian lina lindsay ling linnea
linus lionel lisbeth liselotte livia liz lloyd lois lola lorena lorenzo lorna lorraine lothar lotte louisa lourdes luc
luca lucia lucie lucien lucille lucinda lucretia lucy ludmila ludwig luigi luis luisa lukas lukasz luther lydia lyle
lynn maarten mabel maciej madeleine madeline mads maeve magda magdalena magnus mahesh mahmoud maike maja malcolm
malgorzata malik mandy manfred manish manon manuel manuela mara marc marcel marcella marcelo marcia marcin marco
marcus marek margarita margherita margit margot marguerite mariam marian mariana marianne maribel maricel marielle
marija marijke marika marina mario marion marios marisa marisol marius marjorie mark marko markus marlene marlies
marlon marsha marta marten martina martine marvin maryam masako masashi mateo mateus mateusz matheus mathias mathieu
mathilde matias matilda matt matteo matthias matthieu maud maureen mauricio mauro max maxim maxime maximilian maya
mechthild meera mehdi mehmet mei melinda melvin meredith merete mette micha michaela michal michel michele michiko
mieke miguel mihaela mihai mikael mike mikhail mikko mila milan milena milos minh minna mirela miriam mirjam miroslav
mitchell mitsuko mohamad mohamed mohammad mohammed moira moises molly mona monika monique morgane moritz mortimer
moshe muriel murray mustafa myra myriam nadia nadine nadja naoko naomi nasrin natalia nataliya natasha nathalie
nathaniel neha neil nelly nerea neville ngozi nia niall nick nicola nicolas nicoletta niels nikhil niklas nikola
nikolai nikolaos nikos nils nina nino nkechi noel noelia noemi noor nora norbert noreen norma norman octavia octavio
odette ofelia okan ola olaf olav ole oleg oleksandr olena olga olivia olivier olof oluwaseun oluwatobi omar omer
ondrej orla orsolya oscar oskar osvaldo oswald othmar otto owen pablo paloma paolo parisa pascal pascale patrice
patricio patrik patrycja patti paulette paulina pauline paulo pavel pavlos pawel pedro peggy penelope petr petra
petronella petros phil philipp philippa phyllis pia pierre pieter pilar piotr pippa polly pooja pradeep predrag prisca
priscilla priya priyanka przemyslaw quentin quincy radoslav rafael rafal ragnar rahul raimund rainer raj rajesh ralf
ramon ramona randall randolph rania raphael raquel rasmus raul ravi ray regina reginald reiko reiner reinhard reinhold
renata renate rene renee reza rhiannon rhys ricarda ricardo ricky riikka riley rina rita robbie roberta roberto robin
rocio roderick rodney rodolfo rodrigo rohan roland rolf roma romain roman romina ron ronan ronja ronnie rosa rosalia
rosalie rosalind rosanna rosario roseanne rosemarie rosemary rosie rosina ross rowena roxana ruben rudolf rudy rupert
rut ryo sabine sabrina sachin sadia sakura sally salma salome salvador salvatore sam samir samira sandeep sandor
sandro sanjay sanna santiago saoirse sara saskia satoshi saul sebastien selim selina selma serena serge sergei sergio
serhii seth severin shane shannon shaun shauna shelby shelley sheryl shinji shirin shreya sibusiso sibylle sidney
siegfried sigrid silas silke silvana silvia silvie simona simone sina sinead siobhan sipho slawomir slobodan snezana
sofia sofie solange solveig sonia sonja sonya soren spyros stacey stanislav stanislaw stavros stefan stefania steffen
stella stephan stephane steve stewart stig stuart sumiko sunil sunita suresh susana susanna susanne suzanne sven svend
svenja svetlana sybille sylvain sylvia sylvie szymon tabea tabitha tadeusz takashi takumi tamar tamara tamas tania
tanja tanya tara tariq tatiana tatjana ted teodora terence teresa teresita terry tess tessa thabo thaddeus thandiwe
thea thekla theo theodor theodore theodoros therese thiago thibault thora thorsten tiago tim timo tina tineke tobias
tom tomas tomasz tommaso tommy toni tony torben torsten tove tracey trevor tristan trudy tuomas tyrone ugo ulrich
ulrike umberto uwe vaclav valentin valentina valentine valeria vasil vasiliki vera vernon veronica vesna vicente vicki
vijay vikram viktor viktoria viktorija vilma vincenzo violetta virginie vito vittoria vivian viviana vivienne volker
waldemar waltraud wanjiku wanjiru warren wayne wei werner wesley wiktoria wilfred wilhelm willem willie wilma winfried
winifred witold wojciech wolfgang wolfram xavier xenia ximena xin xiomara yan yann yannick yara yasmin yasmine yasuko
yelena yevgeny yogesh yoko yolanda yosef yoshiko youssef yuki yusuf yuto yvette yvonne zahra zainab zara zbigniew
zdenek zelda zenon zeynep zivile zofia zoltan zora zsolt zuzana zuzanna
"""

PERSON_NAMES: frozenset[str] = GIVEN_NAMES | frozenset(_NAMES.split())
