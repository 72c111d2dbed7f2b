from devino_core import Client, Message

with Client() as client:
    sent = client.send(Message("+79031234567", "Hello from Python"))
    print(sent.status.state)
    for changed in client.follow(sent, interval=0.2):
        print(changed.status.state, changed.status.description)
