"""The score that a question must reach before anything is offered: what questions about other things reach.

How much a score says depends on the catalog: where entries carry many examples, every question finds some of its words.
So the bar is not a fixed figure. It is what calibration questions from everyday life, none of them about models or
papers, reach in the same catalog (the cohort normalisation of speaker recognition: Auckenthaler, Carey and
Lloyd-Thomas, "Score normalization for text-independent speaker verification systems", 2000).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from explainer.recommending.query import Query

Reaches = Callable[[Query], float]
"""A question to what it reaches."""

# How many calibration questions are asked as one (a longer question finds more words by chance), and how many telling
# words they have on average: counting them took 4 % of a cold `build` that recommends.
MEAN_SIZES: Final = {1: 3.5, 2: 7.0, 4: 13.975, 8: 27.825, 16: 55.225}
LENGTHS: Final = tuple(MEAN_SIZES)
# The part of the calibration questions that must stay below the bar: with the odds that `recommend.suffices` weighs, of
# 195 questions about other things 175 are refused so.
PART: Final = 0.9
_QUESTIONS: Final = """
How do I boil an egg?
What can I cook with leftover pumpkin?
How much salt belongs in a litre of pasta water?
How do I get a red wine stain out of a white shirt?
Can my landlord raise the rent twice in one year?
What is the difference between a lease and a loan?
How do I open a bank account abroad?
Why does my knee hurt when I climb stairs?
Is it dangerous to take aspirin every day?
How do I train for a marathon in twelve weeks?
What are the rules of offside?
How often must I water a cactus?
What do hedgehogs eat in winter?
How old do tortoises get?
How do I descale a kettle?
How do I bleed a radiator?
How do I patch a flat bicycle tyre?
How often should engine oil be changed?
Do I need a visa for Japan?
Where is the nearest pharmacy?
Why did the Roman Empire fall?
When was the Berlin wall built?
Why is the sea salty?
What makes thunder rumble?
Which metals are magnetic?
What should I say at my best friend's wedding?
My neighbour plays the drums at midnight, what are my rights?
What is a good present for a retired teacher?
Which shoes go with a brown suit?
What is the plot of Hamlet?
Who composed the Moonlight Sonata?
Is it "fewer people" or "less people"?
How do I learn vocabulary faster?
Should I buy shares or gold?
Who pays when a tree falls on my car?
How do I get my deposit back when I move out?
Can I bring honey on a plane?
What is the best way to peel a mango?
Where can I have old slides printed cheaply?
How do I clean a dusty lens?
The onions in the garden have rotted after all the rain.
My father wants to sell his old motorbike.
The dishwasher leaves white spots on the glasses.
I twisted my ankle at volleyball yesterday.
We are moving to a bigger flat in spring.
The cake collapsed as soon as I opened the oven.
My sister's parrot repeats every telephone call.
The tax office sent me a reminder that I do not understand.
I would like to read more novels this winter.
The heating bangs every night at three.
Our train was two hours late and nobody paid us back.
The teacher says my daughter talks too much in class.
I have had a headache since the weather changed.
There are ants in the kitchen, and honey does not keep them away.
My trousers are too long since I lost weight.
The supermarket gave me the wrong change.
Grandpa tells the same joke at every birthday.
The roof of the garage leaks when it snows.
I am looking for a dentist who works on Saturdays.
The cheese sauce turned out lumpy again.
My bicycle squeaks on every hill.
The tickets for the concert were sold out in minutes.
We planted an apple tree, but it has never borne fruit.
I owe my brother money and he wants interest.
The neighbours complain about our rooster.
My passport expires the day before we fly.
The milk boiled over while I was on the phone.
He snores so loudly that I sleep on the sofa.
The jacket that I ordered is too tight at the shoulders.
I want to climb a mountain before I turn sixty.
The fish in our pond hide when a heron comes.
Two players were sent off in the first half.
My gums bleed when I brush my teeth.
The paint in the hallway peels off the damp wall.
She asked me to be the godmother of her twins.
The lawn mower starts only on the tenth pull.
I have to give a speech at my uncle's funeral.
The coffee tastes bitter whatever beans I buy.
Our tent was full of water after the storm.
The elections are on Sunday, and I have no idea whom to vote for.
"""


# Questions of people from many walks: everyday ones, some for models of other kinds, some about AI itself.
_FURTHER_QUESTIONS: Final = """
how long do I boil an egg so the yolk stays runny
My landlord wants to raise the rent by 20 percent. Is that allowed?
when does the last train from Leeds to York leave on a Sunday
she left me on read for three days, should i text again
Why do the leaves of my tomato plants curl up?
Which receipts can a freelance nurse deduct from her taxes?
tell me a joke about penguins
My phone's camera lens is scratched, who repairs it?
will it rain in Porto tomorrow
what is 3/8 plus 5/12
I take blood pressure pills. May I eat grapefruit?
Who was emperor of Austria in 1890?
My computer makes a loud whirring sound when I switch it on. Is the fan broken?
how did the AI stock app lose my money?
Where do I hand in old film rolls for developing in Rotterdam?
How much does a wedding photographer usually cost for a day?
the sound from my left earbud is gone, is it under warranty
I spilled coffee on the laptop keyboard. Rice or no rice?
How do I hang heavy pictures on plasterboard without drilling?
Is it legal to take pictures of strangers in a park in Germany?
my mum says i watch too many videos, how do i get her off my back
Best temperature for sourdough to rise overnight?
How do I cancel a gym membership in writing?
What should a newcomer know before renting a shared flat in Dublin?
which bus goes to the airport terminal 2
My neighbour's dog barks all night. Whom can I complain to?
How do I get red wine out of a wool carpet?
capital of Burkina Faso
Please, how can I open bank account if I am only two weeks in the country?
what to wear to a job interview at a warehouse
When must I prune lavender?
My knee hurts when going downstairs. Should I see somebody?
How many litres does a standard bathtub hold?
the screen of my tablet has a crack, can i still use it on the plane
Why did the Roman Republic fall?
How do I ask my boss for a raise after a bad quarter?
good name for a grey kitten
what time does the pharmacy on Market Street close
Which battery goes into a Casio F-91W?
I'm fourteen, can I work in an ice cream shop in summer?
How do I fold a fitted sheet?
What does it mean if the oil light on my car is yellow?
do i need a visa for Vietnam with a Swiss passport
Could you suggest a polite way to leave a party early?
my goldfish swims upside down, help
How do I get my deposit back when the landlord does not answer?
Why is my sourdough gummy inside?
Is the museum of photography in Charleroi open on Mondays?
My memory card is full of videos. Which external disk is good value?
who won the 1998 world cup final and what was the score
How can I tell my best friend I don't like her boyfriend?
solve x: 4x - 7 = 21
How do you grow basil on a north-facing window sill?
How often should one change the water filter in a coffee machine?
The cinema sold me a ticket for the wrong film. Do they give money back?
is it ok to give a baby honey
My computer mouse double-clicks by itself. Buy a new one or clean it?
Which documents does a small shop need to hire its first employee?
I lost my phone on the tram yesterday evening, where is the lost property office?
funny birthday wishes for a colleague who hates birthdays
How do I remove a stripped screw?
What were the main causes of the First World War?
How long is chicken soup good in the fridge?
can i plug a european hair dryer in in japan
How can a teacher calm down a noisy class on a Friday afternoon?
I want to sell my old camera. What's a Canon AE-1 worth nowadays?
My teenager spends all night on the phone. What rules work?
Where can I see the northern lights in February cheaply?
What is the minimum wage in Spain this year?
How to sharpen kitchen knives on a whetstone?
when is mother's day
The upstairs flat has music on till two. What does the law call quiet hours?
I got a parking fine but the sign was hidden. How do I appeal?
how many calories in a banana
Which paint holds on galvanised steel railings?
My daughter wants to become a film director. Which school should she apply to?
Is my passport picture allowed to show me with a headscarf?
How do I descale a kettle with vinegar?
Why do cats knead blankets?
what's the best pickaxe enchant in minecraft
How can I stop my glasses from fogging up when I wear a mask?
Which hay fever tablets do not make you sleepy?
My router blinks red and the provider's hotline is busy. What can I do?
How do I write off a broken printer in the accounts?
the date for the ap bio exam this year??
What's the difference between baking soda and baking powder?
How much should I tip a taxi driver in New York?
How do I get a doctor's appointment quickly for a child with a rash?
My bike chain keeps slipping in the highest gear.
How do I politely refuse to be in a colleague's video?
when was the printing press invented
I forgot the PIN for my SIM card after three tries. What is a PUK?
What is a good mortgage rate at the moment?
Does aspirin thin the blood?
Are there direct ferries from Athens to Naxos in winter?
my crush sent me a photo of his dog, what does that mean
How to plan a menu for forty guests with two vegans and one coeliac?
Which soil do blueberries need?
Why is my electricity bill twice as high as last winter?
My AI class starts at nine and I overslept, what excuse sounds honest?
How do I apply for parental leave?
What does "pro bono" mean?
The shop sold me a smart speaker whose microphone is dead. Refund or repair?
Which wood is best for a garden bench?
derivative of x squared times sin x
How do I keep slugs off my lettuce without poison?
How do I clean a dusty projector screen at school?
what are the rules of offside
How did people keep food cold before fridges?
Is it cheaper to lease or to buy a delivery van?
I need a plumber on a public holiday, how much extra do they charge?
Where does the name "Wednesday" come from?
My picture frame arrived with broken glass. How do I get a replacement pane?
how do i unsubscribe from a video streaming service that i signed up for by accident
Which vaccinations does a puppy need in its first year?
Why do I get dizzy when I stand up fast?
What's a fair price for piano lessons for a beginner?
how do u make friends at a new school
Can I put hot fat down the sink if I run water after it?
How far is the Moon from the Earth?
I typed "sad lo-fi with piano" and got a two-minute song. How does AI compose music?
music generator from prompt
How can a computer continue the melody I hum with a whole band?
The forecast model gives ten days of wind and pressure over the globe in a minute. How does a net forecast weather?
radar rain nowcasting next two hours
Our bakery gets told each evening how many rolls will sell tomorrow. What predicts the demand?
My bank stopped a card payment because the purchase looked like a thief's. How is fraud recognised from transactions?
How does an AI get the folded form of a protein from its amino acid letters?
design a new protein binder for a target
how did alphazero learn chess just by playing itself
The poker bot bluffed a professional. By what training does it learn to bluff?
Our meeting recorder says speaker 1, speaker 2, speaker 3 with the times. How does it tell who talks when?
speaker diarization who spoke when
The bank knows it is me on the phone by my voice alone. How does voice verification work?
I sang, and it came out in another singer's voice with my melody. How does voice conversion do that?
split song into vocals drums and bass
An app takes the barking and the traffic out of my phone call's sound. What cleans audio like that?
How does the piano app turn a recording of my playing into sheet music notes?
midi from audio transcription of guitar
Which bird is singing in my recording? The app tells from the sound alone. How?
wake word spotting on a microcontroller
How does a program find the tempo and the beats of a track?
It hears glass breaking in the night with only a microphone and raises the alarm. How are sounds told apart?
tell from the voice whether a caller is angry
Which spoken language is it? The hotline routes callers by ear automatically. How?
an app hears my cough and guesses if I have bronchitis
typed "thunder over a tin roof" and got a wav of just that noise, no video. how does text to sound effects work
How does echo cancellation with neural nets work in a conference speaker?
accent changing of live call centre speech
automatic mastering of my demo track
What chords are in this tune? Some app prints Am F C G from an mp3.
Which AI predicts tomorrow's share price from past ones?
time series foundation model for electricity load
The navigation says I arrive at 17:42 and it's nearly always right. How is the arrival time predicted?
traffic jam prediction on motorways from loop sensors
Our telecom company knows which customers are about to quit. How is churn predicted?
house price estimate from square metres and year of construction
How does the insurer's computer set my car premium from age, postcode and mileage?
credit default risk model xgboost on applicants' tables
gradient boosting or neural net for spreadsheet data
Fill in blank cells in our survey table with likely numbers: which model imputes them?
How can one make fake customer records with the same statistics as the real table?
Which patients will be back in hospital within thirty days? The ward's records are given to a model.
predict sepsis from vital signs six hours early
The watch says I have atrial fibrillation from the pulse curve. How does it tell?
EEG to letters brain computer interface
sleep stages from wrist sensor
My pump forecasts my blood glucose for the next hour. Which network is used?
How does my phone know I'm walking, cycling or on the bus from its accelerometer?
invent new antibiotics molecules with AI
How does a computer propose a route of reactions to synthesise a molecule?
dock a small molecule to a protein pocket
Is this chemical poisonous? A model predicts toxicity from the structure formula.
solubility prediction from SMILES
Will this gene mutation be harmful? AI gave a score for a DNA change. How?
genome language model for DNA sequences
Cell types from single-cell RNA counts, annotated automatically: by what?
guide RNA design for CRISPR
which drugs interact badly, predicted by a graph network
Find new battery materials: a network lists stable crystals. How does it know they are stable?
machine learned force field for molecular dynamics
How does the AI keep plasma in a fusion reactor in place with magnets?
earthquake early warning from seismograph wiggles
chip floor planning by reinforcement learning
faster matrix multiplication algorithm found by AI, how?
vehicle routing with 200 parcels and 12 vans, learned solver
nurse shift roster optimiser with AI
Customer groups from purchase sums: k-means or something smarter?
uplift model who should get the coupon
How do ad auctions decide what to bid within milliseconds?
dynamic pricing for hotel rooms
Why does the ride price change every minute, what model sets it?
causal effect of a training scheme from observational data
find a formula that fits my measured numbers, symbolic regression
survival curves with deep learning
Cluster our machines by remaining life: how many hours until this bearing must be replaced?
battery state of health prediction from charge curves
How much sun power will the roof panels deliver tomorrow? Someone uses AI for that.
river level forecast for flood warning
Where will the wildfire spread in the next six hours?
crop yield forecast from soil and rainfall tables
How many people will have flu next week? The health office uses a model for it.
air pollution tomorrow by district
sea surface temperature prediction El Nino
Which horse wins? Or which football team? Models predict results of matches.
election result prediction from polls
player market value estimation for football clubs
Pedestrians' next steps are predicted so the car can brake: what model guesses future paths?
learned physics simulator for fluids
cloth simulation with neural networks in games
airflow around a car body predicted without CFD
Put bones into my finished 3D character so I can animate it: which AI does rigging?
retopology of a dense mesh into clean quads
uv unwrapping with ai
transfer mocap from one rig to another rig
Steady my shaky film so it doesn't wobble: what does AI video stabilisation do?
neural video codec smaller files than h.265
compress images with learned codec at fewer bytes
hide a secret message in a picture and read it out later
invisible watermark so that people can prove where a picture came from
malware detection in exe files
network intrusion detection from packet logs
password guessing with neural networks
hear what somebody types from the clicks of the keyboard
WiFi signals show if somebody is in the room, how is that learned
gesture recognition by radar chip
Which smell is it? An electronic nose tells coffee from tea. How?
predict how a molecule smells
wine quality from lab values
galaxy redshift from colour magnitudes
gravitational wave detection in strain data with deep nets
jet tagging at a particle collider
identify a substance from its mass spectrum
predict NMR shifts
missing links in a knowledge graph completed by embedding methods
graph neural network which accounts in a payment network are mules
teach a database to choose its own query plan with AI
Which student will drop out? The college looks at grades and attendance.
staffing forecast for calls in a call centre
who invented artificial intelligence
How much does it cost to train a big model?
Is AI going to take my job as an archivist?
how do i install python on windows
Which graphics card should I buy for training?
Does AI have feelings?
what does gpt stand for
How much water does a data centre use?
Who owns the copyright in something a machine has produced?
Can my school forbid AI for homework?
difference between machine learning and deep learning
Is it safe to give company secrets to a chatbot?
What is a neuron in a neural network, simply put?
pip says no matching distribution found, what now
How do I update CUDA on Ubuntu?
What is a token and why do they charge for it?
who is the boss of openai
When will machines be cleverer than us?
What does the European AI Act demand of a small shop?
Are there courses where a nurse can learn about AI at weekends?
how many parameters does a human brain have compared to an ai
Why is it called a transformer?
TPU vs GPU
How do I make a virtual environment with conda?
Should I study computer science or statistics if I want to work in AI?
Why do language models make things up?
What is backpropagation for somebody who only had school maths?
is ai dangerous for kids
Who checks that training data was got legally?
How much electricity does one question to an AI take?
What is overfitting?
Please tell, what book is good for begin with AI, easy English?
What does "open weights" mean, and how does it differ from open source?
Can I run AI on a ten-year-old laptop at all?
how much vram do i need
How do I explain AI to my grandmother?
What did Alan Turing say about thinking machines?
What is the Turing test?
Which countries lead in AI research?
Can an AI be sued?
How do managers write an AI policy for staff?
what is a learning rate
What's the salary of a machine learning engineer in Munich?
How do I rent a GPU server by the hour?
Why is bias in AI a problem and who is responsible?
Does the Bible say anything about artificial intelligence?
pytorch or tensorflow for beginners
What does quantising a model to 4 bit do?
What is fine-tuning, and is it different from training?
Where do I get an API key?
What was the AI winter?
Do AI companies make a profit?
jupyter notebook won't open in my browser
How can I stop companies from training on my posts?
what's the difference between an ai and an algorithm
Will there be a tax on robots?
Who won the Nobel Prize for neural networks?
What is federated learning good for?
Is it cheating if a journalist lets AI help?
How do I cite an AI in a thesis?
Two people talked over each other on tape, and I got two clean tracks, one per voice. How are mixed voices pulled apart?
"""


@cache
def other_topics() -> tuple[str, ...]:
    """Return questions that no task is about: everyday ones, some about AI, some for models of other kinds."""
    return (*_QUESTIONS.strip().splitlines(), *_FURTHER_QUESTIONS.strip().splitlines())


class Calibration:
    """The bar of one list of entries, for questions of every length."""

    def __init__(self, reaches: Reaches, bars: Mapping[int, float] | None = None) -> None:
        """Prepare to measure bars when they are first needed.

        Args:
            reaches: says how much a question reaches.
            bars: bars that were measured before, by the number of questions asked as one.
        """
        self._reaches = reaches
        self._bars: dict[int, float] = dict(bars or {})

    def bar(self, size: int) -> float:
        """Return what a question of so many terms must reach; between two lengths, what lies between their bars."""
        shorter, longer = _neighbours(size)
        if shorter == longer:
            return self.bar_of(shorter)
        part = (size - MEAN_SIZES[shorter]) / (MEAN_SIZES[longer] - MEAN_SIZES[shorter])
        return (1 - part) * self.bar_of(shorter) + part * self.bar_of(longer)

    def bar_of(self, length: int) -> float:
        """Return what is reached by chance when so many calibration questions are asked as one."""
        if length not in self._bars:
            reached = sorted(map(self._reaches, _joined(length)))
            self._bars[length] = reached[int(PART * len(reached))]
        return self._bars[length]


def _neighbours(size: int) -> tuple[int, int]:
    """The lengths between whose mean sizes a question lies; twice the same one at either end."""
    shorter = LENGTHS[0]
    for length in LENGTHS:
        if MEAN_SIZES[length] >= size:
            return shorter, length
        shorter = length
    return shorter, shorter


@cache
def _joined(length: int) -> tuple[Query, ...]:
    """Every so many neighbouring calibration questions, as one."""
    single = _single()
    # the last ones have the first ones as neighbours
    circle = single + single[:length]
    return tuple(Query.joined(circle[start : start + length]) for start in range(len(single)))


@cache
def _single() -> tuple[Query, ...]:
    return tuple(map(Query.of, _QUESTIONS.strip().splitlines()))
