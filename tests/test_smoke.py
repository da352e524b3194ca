def test_home_answers(client, anna, galina):
    assert client.get("/").status_code == 200
    assert galina.works_desk and not anna.works_desk
