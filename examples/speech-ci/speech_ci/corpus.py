"""What is said: sentences for free dictation, commands and the grammar that covers them."""

DICTATION = [
    "she opened the door and walked into the room",
    "we will meet again in the morning",
    "please send the letter to my office",
    "he bought a new car last week",
    "the children are playing in the garden",
    "i would like a cup of coffee",
    "the train leaves at seven in the evening",
    "my brother lives in a small house",
    "they were talking about the war",
    "it was raining when we came home",
    "the doctor told him to stay in bed",
    "there is nothing on the table",
]

COMMANDS = [
    "turn on the light in the kitchen",
    "turn off the light in the hall",
    "turn up the radio in the bedroom",
    "turn down the heating in the bathroom",
    "set a timer for ten minutes",
    "set an alarm for seven hours",
    "call my brother at home",
    "call my mother at work",
    "play some jazz in the kitchen",
    "play some music in the bedroom",
    "what is the time in london",
    "what is the weather in paris",
    "open the window in the bathroom",
    "close the door in the hall",
    "set a timer for thirty seconds",
    "open the curtain in the bedroom",
]

COMMAND_GRAMMAR = """#JSGF V1.0;
grammar commands;
public <command> = <switch> | <timer> | <call> | <play> | <ask> | <move>;
<switch> = turn (on | off | up | down) the (light | radio | heating | fan) <place>;
<timer> = set (a timer | an alarm) for <number> (seconds | minutes | hours);
<call> = call my (brother | mother | father | sister) at (home | work);
<play> = play some (jazz | music | news) <place>;
<ask> = what is the (time | weather | news) in (london | paris | berlin | madrid);
<move> = (open | close) the (window | door | curtain) <place>;
<place> = in the (kitchen | hall | bedroom | bathroom);
<number> = one | two | five | seven | ten | fifteen | thirty | fifty;
"""
